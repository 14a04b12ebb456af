"""`python -m tests.benchmarks.constant KIND PORT`: a constant answer, on the platform, without it, or as hello.

Served as the services are served (`shared/platform/serve.py`), with nothing behind it: neither database nor broker.
"""

import gc
import os
import sys
from collections.abc import Callable
from typing import Annotated

import uvicorn
from fastapi import Depends, FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.platform import logs
from shared.platform.app import assemble
from shared.platform.caller import Caller
from shared.platform.edge.auth import require
from shared.platform.edge.deadlines import Deadlines
from shared.platform.edge.limits import limits_of
from shared.platform.edge.routing import Router
from shared.platform.exchange.participant import Service
from shared.platform.settings import ServiceSettings
from tests.support.tokens import ISSUER, token, verifier

SCOPE = "labelling:read"
PATH = "/v1/constant"
router = Router(prefix="/v1", tags=["constant"])


@router.get("/constant", operation_id="read_constant", summary="A constant")
async def read_constant(_: Annotated[Caller, Depends(require(SCOPE))]) -> dict[str, str]:
    return {"hello": "world"}


def platform(settings: ServiceSettings) -> FastAPI:
    """The route as a service has it."""
    app = assemble(Service(name="labelling", title="constant", routers=[router]), settings)
    app.state.verifier = verifier("labelling")
    return app


def routes_alone(settings: ServiceSettings) -> ASGIApp:
    """The same route, its caller checked, without the outermost layer and what it does."""
    app = FastAPI()
    app.state.limits = limits_of(settings)
    app.state.deadlines = Deadlines()
    app.state.verifier = verifier("labelling")
    app.include_router(router)

    return _WithState(app)


class _WithState:
    """What a route finds where the outermost layer has been."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {}).update(positions=[], headers={})
        await self._app(scope, receive, send)


def hello(_: ServiceSettings) -> FastAPI:
    """What the framework's own first page shows."""
    app = FastAPI()

    @app.get(PATH)
    async def root() -> dict[str, str]:
        return {"hello": "world"}

    return app


KINDS: dict[str, Callable[[ServiceSettings], ASGIApp]] = {
    "platform": platform,
    "routes alone": routes_alone,
    "hello": hello,
}


def main(kind: str, port: int) -> None:
    """Say a token, then serve until SIGTERM."""
    nowhere = "postgresql+asyncpg://nobody@127.0.0.1:1/none"
    settings = ServiceSettings.model_validate(
        {"database_url": nowhere, "worker_database_url": nowhere, "log_level": "INFO"}
        | {
            "service": "labelling",
            "issuer": ISSUER,
            "jwks_url": ISSUER,
            "nats_url": "nats://127.0.0.1:1",
            "roles": "api",
        }
        | dict.fromkeys(("rate_read", "rate_write", "rate_bulk"), 1000000000)
    )
    app = KINDS[kind](settings)
    # As serve.py does, for hello too.
    logs.settle()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    sys.stdout.write(token(scope=SCOPE) + "\n")
    sys.stdout.flush()
    # The log goes where nobody reads: a full pipe would hold the server up.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    uvicorn.run(
        app, port=port, loop="uvloop", http="httptools", access_log=False, log_config=None, lifespan="off"
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
