"""A toy service on the real platform: what every route has in common is tried on it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal
from uuid import NAMESPACE_DNS

import httpx
import pytest
from fastapi import Depends, Request
from sqlalchemy import text

from shared.kernel.errors import Conflict, Rule
from shared.platform.app import assemble
from shared.platform.caller import Caller
from shared.platform.database import Transaction
from shared.platform.edge.auth import require
from shared.platform.edge.bulk import Verdict, read_lot, run_lot
from shared.platform.edge.dependencies import Db, Reader, Tx
from shared.platform.edge.fields import Body, IsoDate, Reference, Siret, View
from shared.platform.edge.paging import Paged
from shared.platform.edge.routing import Router
from shared.platform.exchange.participant import Service
from tests.platform.test_event_log import target
from tests.support.cluster import Cluster
from tests.support.tokens import token, verifier
from tests.support.under_test import settings_of

SECRET = "Zénaïde-Planted-Value"
TAKEN = Rule("taken", fr="Déjà pris.", en="Already taken.")
router = Router(prefix="/v1", tags=["toy"])
SHELF: list[int] = []


class Toy(Body):
    reference: Reference
    siret: Siret | None = None
    on: IsoDate | None = None
    note: str = ""


class Toys(Body):
    items: list[Toy]


@router.put("/toys/{number}", operation_id="put_toy", summary="Speak one fact")
async def put_toy(
    number: int, body: Toy, tx: Tx, _: Annotated[Caller, Depends(require("toy:write"))]
) -> dict[str, str]:
    tx.speak(target(number))
    if body.note == "conflict":
        raise Conflict(TAKEN, pointer="/note")
    if body.note == "bug":
        message = f"a bug near {body.note} {SECRET}"
        raise RuntimeError(message)
    if body.note == "slow":
        await asyncio.sleep(60)
    if body.note == "late":
        # Fails at COMMIT, after the route has returned.
        await tx.execute(
            text("CREATE TEMPORARY TABLE t (a int UNIQUE DEFERRABLE INITIALLY DEFERRED) ON COMMIT DROP")
        )
        await tx.execute(text("INSERT INTO t VALUES (1), (1)"))
    return {"status": "done"}


@router.post("/toys", status_code=207, operation_id="post_toys", summary="Speak many")
async def post_toys(
    request: Request, db: Db, _: Annotated[Caller, Depends(require("toy:write"))]
) -> dict[str, Any]:
    async def work(tx: Transaction, items: list[Toy]) -> list[Verdict]:
        tx.speak(*(target(number) for number, _ in enumerate(items)))
        # Details hold what JSON has no word for.
        return [Verdict("accepted", details={"id": NAMESPACE_DNS}) for _ in items]

    return await run_lot(request, await read_lot(request, Toys), database=db, work=work)


class ToyPage(View):
    items: list[int]
    next: str | None


@router.get("/shelf", operation_id="list_shelf", summary="Numbers in order")
async def list_shelf(
    page: Paged, _: Annotated[Caller, Depends(require("toy:write"))], odd: Literal["true"] | None = None
) -> ToyPage:
    all_of_them = [number for number in SHELF if number > int(page.after or 0) and (number % 2 or not odd)]
    found = all_of_them[: page.limit]
    return page.sealed(ToyPage(items=found, next=str(found[-1]) if len(all_of_them) > page.limit else None))


@router.get("/public-shelf", operation_id="list_public_shelf", summary="Numbers in order, for anyone")
async def list_public_shelf(page: Paged) -> ToyPage:
    found = [number for number in SHELF if number > int(page.after or 0)][: page.limit]
    return page.sealed(ToyPage(items=found, next=str(found[-1])))


@router.get("/toys", operation_id="get_toys", summary="Count the facts spoken")
async def get_toys(reader: Reader) -> dict[str, int]:
    return {"count": (await reader.execute(text("SELECT count(*) FROM event_log"))).scalar_one()}


@pytest.fixture
async def toy(cluster: Cluster, database: str) -> AsyncIterator[httpx.AsyncClient]:
    app = assemble(
        Service(name="labelling", title="toy", routers=[router]),
        settings_of("labelling", cluster, database=database),
    )
    async with app.router.lifespan_context(app):
        app.state.verifier = verifier("labelling")
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://toy.test") as client:
            client.headers["Authorization"] = f"Bearer {token(scope='toy:write')}"
            yield client


def is_problem(answer: httpx.Response, status: int, *, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    body: dict[str, Any] = answer.json()
    assert body["code"] == code
    assert body["status"] == status
    assert body["request_id"] == answer.headers["x-request-id"]
    assert SECRET not in answer.text
    return body
