"""Taking in a push of outcomes: a handful of statements per batch, whatever the number of its lines."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from services.followup.domain.contracts import Classified
from services.followup.domain.lots import LotHead, check_lot
from services.followup.domain.observations import Key, Kind, Observation, Source, Statement
from services.followup.domain.pushes import Push, Taken
from services.followup.domain.refusals import NOT_A_REPORTER, UNKNOWN_REFERENCE
from services.followup.domain.settlement import Whys
from services.followup.domain.statements import Day, Meaning, examine, is_backfill
from services.followup.domain.waves import WAVES, Why
from services.followup.repository.codes import codes_in_force
from services.followup.repository.followups import lock_or_note, prefer_indexes
from services.followup.repository.lots import count_in_lot
from services.followup.repository.observations import (
    Sent,
    concerned_observations,
    enrolments_of,
    replaced_words,
    save_observations,
)
from services.followup.tables import EXCHANGE
from services.followup.use_cases.settling import Resettled, resettle, save_and_speak
from shared.kernel.errors import DomainError, Forbidden, Violation
from shared.platform import journal
from shared.platform.caller import Caller
from shared.platform.database import Transaction
from shared.platform.edge.bulk import Verdict

BACKFILL: Final = "followup:backfill"
_STATUS: Final = {
    Meaning.NEW: "accepted",
    Meaning.CORRECTS: "accepted",
    Meaning.RETRACTS: "accepted",
    Meaning.RETRACTS_UNKNOWN: "accepted",
    Meaning.DUPLICATE: "duplicate",
    Meaning.CONFIRMS: "duplicate",
    Meaning.OLDER: "older_than_held",
}
_NOTED: Final = frozenset({Meaning.CORRECTS, Meaning.RETRACTS, Meaning.CONFIRMS})
_WAVE_VIEWS: Final = {
    (wave, why): {"wave": wave, "counted": why is Why.COUNTED, "why": why.value}
    for wave in WAVES
    for why in Why
}
_UNKNOWN_REFERENCE: Final = Violation(UNKNOWN_REFERENCE, "/reference")


@dataclass(frozen=True, slots=True)
class Sending:
    """One call: by whom, as which reporter, for which lot."""

    id: UUID
    caller: Caller
    reporter: str
    source: Source
    lot: LotHead


def reporter_of(caller: Caller, holder: str | None = None) -> tuple[str, Source]:
    """As whom a client sends: a reporter under its name, a holder under its SIREN, or for a holder that it names.

    Raises NotFound when it does not act for that one, Forbidden when it is neither.
    """
    if holder is not None:
        caller.must_be_holder(holder)
        return holder, Source.HOLDER
    if caller.reporter is not None:
        return caller.reporter, Source.ADMINISTRATIVE
    if caller.org is not None:
        return caller.org, Source.HOLDER
    raise Forbidden(NOT_A_REPORTER)


async def record_outcomes(
    tx: Transaction, statements: Sequence[Statement], *, sending: Sending, today: date
) -> list[Verdict]:
    """Take in the lines of one batch, settle what they touch, and give one verdict per line, in order."""
    check_lot(sending.lot, today=today)
    day = Day(today, may_backfill=sending.caller.may(BACKFILL))
    examined = [_examine(statement, day) for statement in statements]
    sound = [
        statement
        for statement, result in zip(statements, examined, strict=True)
        if not isinstance(result, DomainError)
    ]
    push = await _open(tx, sound, sending=sending)
    taken = [_take(push, one, result=result) for one, result in zip(statements, examined, strict=True)]
    whys, resettled = _settle(push)
    await save_observations(
        tx, [(one.observation, one.statement.content) for one in push.written], sent=_sent(push, sending)
    )
    await save_and_speak(tx, resettled)
    verdicts = [_verdict(push, one, whys=whys) for one in taken]
    await _close(tx, verdicts, sending=sending, now=push.now)
    await _journal(tx, push.written, sending=sending, today=today)
    return verdicts


async def count_refused(tx: Transaction, refused: int, *, sending: Sending, today: date) -> None:
    """Count in the lot the lines whose shape was refused; also keeps the head of a lot without a sound line."""
    check_lot(sending.lot, today=today)
    await count_in_lot(
        tx,
        sending.lot,
        reporter=sending.reporter,
        sending=sending.id,
        counts={"rejected": refused},
        received_at=datetime.now(UTC),
    )


def _examine(statement: Statement, day: Day) -> Classified | DomainError:
    try:
        return examine(statement, day, codes=codes_in_force())
    except DomainError as refusal:
        return refusal


async def _open(tx: Transaction, sound: Sequence[Statement], *, sending: Sending) -> Push:
    """Lock the follow-ups first, then read: what another call holds of them is committed by then."""
    await prefer_indexes(tx)
    retracted = {statement.reference for statement in sound if statement.kind is Kind.RETRACTION}
    enrolments = {statement.enrolment_id for statement in sound if statement.enrolment_id is not None}
    enrolments |= await enrolments_of(tx, retracted, reporter=sending.reporter)
    followups = await lock_or_note(tx, enrolments)
    held: dict[Key, Observation] = {}
    replaced: set[tuple[str, bytes]] = set()
    if sound:
        references = {statement.reference for statement in sound}
        held = await concerned_observations(tx, enrolments, references=references, reporter=sending.reporter)
        known = [reference for reference in references if (sending.reporter, reference) in held]
        replaced = await replaced_words(tx, known, reporter=sending.reporter)
    return Push(sending.reporter, sending.source, datetime.now(UTC), followups, held, replaced)


def _take(push: Push, statement: Statement, *, result: Classified | DomainError) -> Taken | DomainError:
    if isinstance(result, DomainError):
        return result
    try:
        return push.take(statement, result)
    except DomainError as refusal:
        return refusal


def _settle(push: Push) -> tuple[dict[Key, Whys], list[Resettled]]:
    by_enrolment: dict[UUID, list[Observation]] = {}
    for observation in push.held.values():
        if observation.enrolment_id in push.followups and observation.enrolment_id is not None:
            by_enrolment.setdefault(observation.enrolment_id, []).append(observation)
    whys: dict[Key, Whys] = {}
    resettled: list[Resettled] = []
    for enrolment_id, observations in by_enrolment.items():
        one = resettle(push.followups[enrolment_id], observations)
        whys |= one.weighing.whys
        resettled.append(one)
    return whys, resettled


def _sent(push: Push, sending: Sending) -> Sent:
    return Sent(sending.reporter, sending.source, sending.lot.reference, push.now)


def _verdict(push: Push, taken: Taken | DomainError, *, whys: Mapping[Key, Whys]) -> Verdict:
    if isinstance(taken, DomainError):
        return Verdict.refused(taken)
    waves = [_WAVE_VIEWS[place] for place in zip(WAVES, push.why(taken, whys), strict=True)]
    details: dict[str, Any] = {"waves": waves}
    if taken.meaning in _NOTED:
        details["note"] = taken.meaning.value
    warnings = taken.classified.warnings
    if taken.meaning is Meaning.RETRACTS_UNKNOWN:
        warnings = (_UNKNOWN_REFERENCE,)
    return Verdict(_status(push, taken, warned=bool(warnings)), details, warnings=warnings)


def _status(push: Push, taken: Taken, *, warned: bool) -> str:
    status = _STATUS[taken.meaning]
    if status != "accepted":
        return status
    if taken.statement.kind is not Kind.RETRACTION and push.waits(taken.statement):
        return "waiting"
    return "accepted_with_warning" if warned else status


async def _close(tx: Transaction, verdicts: Sequence[Verdict], *, sending: Sending, now: datetime) -> None:
    await count_in_lot(
        tx,
        sending.lot,
        reporter=sending.reporter,
        sending=sending.id,
        counts=Counter(verdict.status for verdict in verdicts),
        received_at=now,
    )


async def _journal(tx: Transaction, written: Sequence[Taken], *, sending: Sending, today: date) -> None:
    old = sum(is_backfill(one.statement, today=today) for one in written)
    if old:
        await journal.record(tx, EXCHANGE.journal, caller=sending.caller, action="backfill", observations=old)
