"""Declaring enrolments, with the learner each one brings."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID, uuid4

from services.enrolment.domain import refusals, warnings
from services.enrolment.domain.calendars import Calendar
from services.enrolment.domain.enrolments import DeclaredEntry, Enrolment, Setting, correct, enter
from services.enrolment.domain.labels import Coverage, Label
from services.enrolment.domain.learners import (
    Learner,
    check_notice,
    declare_learner,
    representative_must_hear,
)
from services.enrolment.domain.profiles import qpv_is_unfounded
from services.enrolment.domain.sessions import Session
from services.enrolment.repository import enrolments as enrolment_rows
from services.enrolment.repository import labels as label_rows
from services.enrolment.repository import learners as learner_rows
from services.enrolment.repository import locks
from services.enrolment.repository import sessions as session_rows
from services.enrolment.use_cases.answers import Answer
from services.enrolment.use_cases.backfill import calendar_of, record_backfill
from services.enrolment.use_cases.ledger import Ledger
from services.enrolment.use_cases.speech import changed, entered
from shared.events.enrolment import EnrolmentState
from shared.kernel.errors import Conflict, DomainError, Invalid, Violation
from shared.platform.caller import Caller
from shared.platform.database import Transaction
from shared.platform.edge.bulk import Verdict
from shared.platform.event_log import MAX_EVENTS


async def declare_enrolments(
    tx: Transaction, declared: Sequence[DeclaredEntry], *, holder: str, caller: Caller, today: date
) -> list[Answer]:
    """Enter learners into sessions, or correct their entries; gives one answer per item, in order."""
    await locks.share(tx, holder)
    batch = await _load(tx, declared, holder=holder, calendar=calendar_of(caller, today=today))
    answers = [batch.declare(item) for item in declared]
    await learner_rows.add_learners(tx, batch.learners.new())
    await learner_rows.update_learners(tx, batch.learners.changed())
    await enrolment_rows.add_enrolments(tx, batch.enrolments.new())
    await enrolment_rows.update_enrolments(tx, batch.enrolments.changed())
    tx.speak(*batch.facts)
    await record_backfill(tx, caller=caller, calendar=batch.calendar, kind="entries", dates=batch.entries)
    return answers


async def _load(
    tx: Transaction, declared: Sequence[DeclaredEntry], *, holder: str, calendar: Calendar
) -> "_Batch":
    """Everything the items are judged by, one query per table."""
    sessions = await session_rows.sessions_by_reference(
        tx, holder, references={item.session for item in declared}
    )
    labels = await label_rows.labels_of(tx, {session.training_id for session in sessions.values()})
    # Enrolments before learners: whoever sees an enrolment that was committed meanwhile then sees its learner too.
    enrolments = await enrolment_rows.enrolments_by_reference(
        tx, holder, references={item.reference for item in declared}
    )
    learners = await learner_rows.learners_by_reference(
        tx, holder, references={item.learner.identity.reference for item in declared}
    )
    of_changed_mind = {
        learner.learner_id
        for item in declared
        if (learner := learners.get(item.learner.identity.reference))
        and item.learner.search_opposed not in {None, learner.search_opposed}
    }
    enrolments |= await enrolment_rows.enrolments_of_learners(tx, of_changed_mind)
    return _Batch(
        holder=holder,
        calendar=calendar,
        sessions=sessions,
        labels=labels,
        learners=Ledger(learners),
        enrolments=Ledger(enrolments),
        still_to_come=len(declared),
    )


@dataclass
class _Batch:
    holder: str
    calendar: Calendar
    sessions: dict[str, Session]
    labels: dict[UUID, list[Label]]
    learners: Ledger[Learner]
    enrolments: Ledger[Enrolment]
    still_to_come: int
    facts: list[EnrolmentState] = field(default_factory=list)
    entries: list[date] = field(default_factory=list)
    """Entries that were judged: new ones and those that moved."""

    def declare(self, item: DeclaredEntry) -> Answer:
        self.still_to_come -= 1
        try:
            return self._declare(item)
        except DomainError as refusal:
            return refusal

    def _declare(self, item: DeclaredEntry) -> Verdict:
        setting = self._setting(item)
        known = self.learners.get(item.learner.identity.reference)
        learner = declare_learner(known, item.learner, holder=self.holder, fresh_id=uuid4())
        held = self.enrolments.get(item.reference)
        if held is None:
            state = enter(item, learner=learner, setting=setting, fresh_id=uuid4())
        else:
            state = correct(held, item, learner=learner, setting=setting)
        if state is held and learner is known:
            return _verdict(self.enrolments.unchanged(item.reference), state, item=item)
        check_notice(learner.identity, today=self.calendar.today)
        siblings = self._siblings(learner, known=known, but=item.reference)
        if learner is not known:
            self.learners.put(item.learner.identity.reference, state=learner)
        self._keep(state, held=held)
        for sibling in siblings:
            self.enrolments.put(sibling.reference, state=sibling)
            self.facts.append(changed(sibling))
        if held is not None:
            return _verdict("updated", state, item=item)
        status = "waiting" if state.coverage == Coverage.WAITING else "created"
        return _verdict(status, state, item=item)

    def _setting(self, item: DeclaredEntry) -> Setting:
        session = self.sessions.get(item.session)
        if session is None:
            raise Invalid(refusals.UNKNOWN_SESSION, pointer="/session")
        return Setting(session, self.labels.get(session.training_id, ()), self.calendar)

    def _keep(self, state: Enrolment, *, held: Enrolment | None) -> None:
        if state is held:
            return
        self.enrolments.put(state.reference, state=state)
        self.facts.append(entered(state) if held is None else changed(state))
        if held is None or held.entered_on != state.entered_on:
            self.entries.append(state.entered_on)

    def _siblings(self, learner: Learner, *, known: Learner | None, but: str) -> list[Enrolment]:
        """The learner's other enrolments, when the opposition to the search changed: it holds for the person.

        Raises Conflict when they do not fit into what one transaction may say.
        """
        if known is None or known.search_opposed == learner.search_opposed:
            return []
        siblings = [
            replace(state, search_opposed=learner.search_opposed, version=state.version + 1)
            for state in self.enrolments
            if state.learner_id == learner.learner_id
            and state.reference != but
            and state.search_opposed != learner.search_opposed
        ]
        if siblings and len(self.facts) + 1 + len(siblings) + self.still_to_come > MAX_EVENTS:
            raise Conflict(refusals.TOO_MANY_CHANGES, pointer="/learner/search_opposed")
        return siblings


def _verdict(status: str, state: Enrolment, *, item: DeclaredEntry) -> Verdict:
    details = {"enrolment_id": str(state.enrolment_id), "coverage": state.coverage}
    return Verdict(status, details, warnings=tuple(_warnings(item)))


def _warnings(item: DeclaredEntry) -> Iterator[Violation]:
    identity = item.learner.identity
    if qpv_is_unfounded(item.profile, person=identity.person):
        yield Violation(warnings.QPV_UNKNOWN_WITHOUT_ADDRESS, "/profile/qpv")
    if representative_must_hear(identity, entered_on=item.entered_on):
        yield Violation(warnings.REPRESENTATIVE_TO_INFORM, "/learner/notice/representative_informed_on")
