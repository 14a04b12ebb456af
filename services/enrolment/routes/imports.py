"""Large files of entries and ends."""

from typing import Any

from fastapi import Request

from services.enrolment.routes.parameters import Writer
from services.enrolment.schemas.ends import EndItem
from services.enrolment.schemas.enrolments import EnrolmentItem
from services.enrolment.use_cases.answers import verdicts_of
from services.enrolment.use_cases.ends import declare_ends
from services.enrolment.use_cases.entries import declare_enrolments
from shared.platform.database import Transaction
from shared.platform.edge.bulk import Verdict
from shared.platform.edge.fields import Siren
from shared.platform.imports.kinds import Batch, Imports, Kind, say_owner


async def _holder(request: Request, *, siren: Siren, caller: Writer) -> None:
    caller.must_be_holder(siren)
    say_owner(request, siren, address=lambda owner, part: f"/v1/holders/{owner}/imports{part}")


async def _enter(tx: Transaction, batch: Batch) -> list[Verdict]:
    return verdicts_of(await declare_enrolments(tx, _declared(batch), **_circumstances(batch)))


async def _end(tx: Transaction, batch: Batch) -> list[Verdict]:
    return verdicts_of(await declare_ends(tx, _declared(batch), **_circumstances(batch)))


def _declared(batch: Batch) -> list[Any]:
    return [item.to_domain(item.reference) for item in batch.items]


def _circumstances(batch: Batch) -> dict[str, Any]:
    return {"holder": batch.owner, "caller": batch.caller, "today": batch.today}


IMPORTS = Imports(
    prefix="/v1/holders/{siren}/imports",
    owner=_holder,
    kinds=(
        Kind("enrolments", "Declare or correct entries by file", EnrolmentItem, _enter),
        Kind("ends", "Declare or correct ends by file", EndItem, _end),
    ),
)
