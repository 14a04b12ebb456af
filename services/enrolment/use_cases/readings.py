"""Reading identities, and saying so in the journal."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.enrolment.repository import readings
from services.enrolment.schemas.views import (
    CertificationView,
    EnrolmentFile,
    EnrolmentView,
    IdentityView,
    Roster,
    RosterEntry,
)
from services.enrolment.tables import EXCHANGE
from shared.kernel.dates import add_months
from shared.kernel.errors import UNKNOWN, NotFound
from shared.platform import journal
from shared.platform.caller import Caller
from shared.platform.database import Transaction


async def open_file(tx: Transaction, view: EnrolmentView, *, holder: str, caller: Caller) -> EnrolmentFile:
    """An enrolment with its identity and its results, for the holder that declared them; journalled."""
    identity = await readings.learner_of(tx, holder, reference=view.reference)
    if identity is None:
        raise NotFound(UNKNOWN)
    await journal.record(
        tx, EXCHANGE.journal, caller=caller, action="learner_read", enrolment_id=str(view.enrolment_id)
    )
    results = await readings.certifications_of(tx, view.enrolment_id)
    return EnrolmentFile(
        **vars(view),
        identity=IdentityView(**identity),
        certifications=[CertificationView(**result) for result in results],
    )


@dataclass(frozen=True, slots=True)
class RosterWanted:
    """A page of the persons who left in a month."""

    exit_month: str
    limit: int
    after: str | None = None


async def read_roster(tx: Transaction, wanted: RosterWanted, *, purpose: str, caller: Caller) -> Roster:
    """Persons to follow, by day of exit; journalled with the purpose, the count and the keys, no identity.

    Raises Invalid on a key that is none of ours.
    """
    since = date.fromisoformat(f"{wanted.exit_month}-01")
    rows = await readings.leavers(
        tx,
        since=since,
        before=add_months(since, 1),
        after=_place_of(wanted.after) if wanted.after else None,
        limit=wanted.limit + 1,
    )
    entries = [RosterEntry(**row) for row in rows[: wanted.limit]]
    keys = [f"{entry.exit_on}~{entry.enrolment_id}" for entry in entries]
    await journal.record(
        tx,
        EXCHANGE.journal,
        caller=caller,
        action="roster_read",
        purpose=purpose,
        month=wanted.exit_month,
        count=len(entries),
        first=keys[0] if keys else None,
        last=keys[-1] if keys else None,
    )
    return Roster(items=entries, next=keys[-1] if len(rows) > wanted.limit else None)


def _place_of(key: str) -> tuple[date, UUID]:
    exit_on, _, enrolment_id = key.partition("~")
    return date.fromisoformat(exit_on), UUID(enrolment_id)
