"""Large files of outcomes: the lines of a push, with its lot said in the address."""

from typing import Annotated, Final

from fastapi import Query, Request
from pydantic import TypeAdapter

from services.followup.domain.lots import LotHead, check_lot
from services.followup.domain.observations import Source
from services.followup.routes.outcomes import Holder, Writer
from services.followup.schemas.outcomes import Line
from services.followup.use_cases.outcomes import (
    Sending,
    count_refused,
    record_outcomes,
    reporter_of,
)
from shared.platform.database import Transaction
from shared.platform.edge.bulk import Verdict
from shared.platform.edge.dependencies import Today
from shared.platform.edge.fields import IsoDate, Reference, Text
from shared.platform.imports.kinds import Batch, Imports, Kind, say_head, say_owner

_HEAD: Final = TypeAdapter(LotHead)


async def _reporter(request: Request, *, caller: Writer, holder: Holder = None) -> None:
    own = {caller.reporter, caller.org}

    def address(owner: str, part: str) -> str:
        return f"/v1/imports{part}" + ("" if owner in own else f"?holder={owner}")

    say_owner(request, reporter_of(caller, holder)[0], address=address)


async def _lot(
    request: Request,
    *,
    today: Today,
    lot: Annotated[Reference, Query(description="The sender's reference of the lot.")],
    period_from: Annotated[IsoDate, Query(description="First day of the facts that were searched.")],
    period_to: Annotated[IsoDate, Query(description="Last day of them.")],
    population: Annotated[Text, Query(description="Who was searched.")],
    complete_to: Annotated[IsoDate, Query(description="The source knows every spell up to this day.")],
    produced_on: Annotated[IsoDate, Query(description="The day the file was made.")],
) -> None:
    head = LotHead(lot, period_from, period_to, population, complete_to, produced_on)
    check_lot(head, today=today)
    say_head(request, _HEAD.dump_python(head, mode="json"))


async def _record(tx: Transaction, batch: Batch) -> list[Verdict]:
    source = Source.ADMINISTRATIVE if batch.owner == batch.caller.reporter else Source.HOLDER
    head = _HEAD.validate_python(batch.head)
    sending = Sending(batch.job_id, batch.caller, batch.owner, source, head)
    if batch.refused:
        await count_refused(tx, batch.refused, sending=sending, today=batch.today)
    statements = [line.to_domain() for line in batch.items]
    return await record_outcomes(tx, statements, sending=sending, today=batch.today)


IMPORTS = Imports(
    prefix="/v1/imports",
    owner=_reporter,
    kinds=(Kind("outcomes", "Push what became of learners by file", Line, _record, head=_lot),),
)
