"""Declaring how enrolments end, and taking a wrong end back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from services.enrolment.domain import refusals
from services.enrolment.domain.calendars import Calendar
from services.enrolment.domain.ends import DeclaredEnd, end, withdraw_end
from services.enrolment.domain.enrolments import Enrolment, Status
from services.enrolment.repository import enrolments as rows
from services.enrolment.repository import locks
from services.enrolment.use_cases.answers import Answer
from services.enrolment.use_cases.backfill import calendar_of, record_backfill
from services.enrolment.use_cases.ledger import Ledger
from services.enrolment.use_cases.speech import changed, ended
from shared.events.enrolment import EnrolmentState
from shared.kernel.errors import UNKNOWN, DomainError, NotFound
from shared.platform.caller import Caller
from shared.platform.database import Transaction
from shared.platform.edge.bulk import Verdict


async def declare_ends(
    tx: Transaction, declared: Sequence[DeclaredEnd], *, holder: str, caller: Caller, today: date
) -> list[Answer]:
    """End enrolments, or correct their ends; gives one answer per item, in order."""
    await locks.share(tx, holder)
    named = {item.reference for item in declared} | {
        item.continues_in for item in declared if item.continues_in
    }
    batch = _Batch(
        calendar=calendar_of(caller, today=today),
        enrolments=Ledger(await rows.enrolments_by_reference(tx, holder, references=named)),
    )
    answers = [batch.declare(item) for item in declared]
    await rows.update_ends(tx, batch.enrolments.changed())
    tx.speak(*batch.facts)
    await record_backfill(tx, caller=caller, calendar=batch.calendar, kind="ends", dates=batch.ends)
    return answers


async def withdraw_wrong_end(tx: Transaction, reference: str, *, holder: str) -> None:
    """Put an enrolment back in training; one that has no end stays as it is. Raises NotFound."""
    await locks.share(tx, holder)
    held = (await rows.enrolments_by_reference(tx, holder, references=[reference])).get(reference)
    if held is None:
        raise NotFound(UNKNOWN)
    running = withdraw_end(held)
    if running is not held:
        await rows.update_ends(tx, [running])
        tx.speak(changed(running))


@dataclass
class _Batch:
    calendar: Calendar
    enrolments: Ledger[Enrolment]
    facts: list[EnrolmentState] = field(default_factory=list)
    ends: list[date] = field(default_factory=list)
    """Ends that were judged: new ones and those that moved."""

    def declare(self, item: DeclaredEnd) -> Answer:
        try:
            return self._declare(item)
        except DomainError as refusal:
            return refusal

    def _declare(self, item: DeclaredEnd) -> Verdict:
        held = self.enrolments.get(item.reference)
        if held is None:
            raise NotFound(refusals.UNKNOWN_ENROLMENT, pointer="/reference")
        destination = self.enrolments.get(item.continues_in) if item.continues_in else None
        state = end(held, item, destination=destination, calendar=self.calendar)
        if state is held:
            return Verdict(self.enrolments.unchanged(item.reference), _details(held))
        self.enrolments.put(item.reference, state=state)
        self.facts.append(ended(state, before=held))
        if state.ended_on is not None and state.ended_on != held.ended_on:
            self.ends.append(state.ended_on)
        return Verdict("accepted" if held.status == Status.IN_TRAINING else "updated", _details(state))


def _details(state: Enrolment) -> dict[str, str]:
    return {"enrolment_id": str(state.enrolment_id), "enrolment_status": state.status}
