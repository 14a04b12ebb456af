"""Probes: alive, started, ready, and whether events flow. A broker outage is not unreadiness: the log absorbs it."""

from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared.platform.database import Database
from shared.platform.exchange import state as exchange_state
from shared.platform.exchange.progress import UNWELL

router = APIRouter(tags=["health"])


@router.get("/livez", operation_id="check_alive", summary="The process answers")
async def livez() -> dict[str, str]:
    """No dependency is asked."""
    return {"status": "alive"}


@router.get("/startupz", operation_id="check_started", summary="The process has started")
@router.get("/readyz", operation_id="check_ready", summary="Requests can be served", responses={503: {}})
async def readyz(request: Request, response: Response) -> dict[str, Any]:
    """The database answers and its schema is the one this code expects."""
    database: Database = request.app.state.database
    expected: str | None = request.app.state.schema_revision
    try:
        async with database.reading() as connection:
            held = (
                await connection.execute(text(f"SELECT version_num FROM {database.service}.alembic_version"))  # noqa: S608
            ).scalar_one_or_none()
    except (SQLAlchemyError, OSError, TimeoutError):
        response.status_code = 503
        return {"status": "unready", "reason": "database_unreachable"}
    if expected is not None and held != expected:
        response.status_code = 503
        return {"status": "unready", "reason": "schema_not_at_head"}
    broker = request.app.state.broker
    return {"status": "ready", "broker": "connected" if broker and broker.connected else "disconnected"}


@router.get(
    "/exchangez", operation_id="check_exchange", summary="Events flow, or there are none", responses={503: {}}
)
async def exchangez(request: Request, response: Response) -> dict[str, Any]:
    """Idle is well, stuck is not. For alarms and for people: neither a restart nor less traffic mends what it shows."""
    database: Database = request.app.state.database
    try:
        async with database.glance() as connection:
            relay = (await exchange_state.relay_of(connection, database.service)).relaying.state
            sources = await exchange_state.sources_of(connection, database.service)
    except (SQLAlchemyError, OSError, TimeoutError):
        response.status_code = 503
        return {"status": "unwell", "reason": "database_unreachable"}
    states = {state.source: state.listening.state for state in sources}
    well = UNWELL.isdisjoint({relay, *states.values()})
    response.status_code = 200 if well else 503
    return {"status": "well" if well else "unwell", "relay": relay, "sources": states}


@router.get("/metrics", operation_id="read_metrics", summary="Prometheus metrics", include_in_schema=False)
async def metrics() -> Response:
    """All of `tremplin_*`."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
