"""What becomes of a line: whether it is sound, and what it means beside what is held of its reference."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Final

from services.followup.domain.contracts import OWN_BUSINESS, Classified, Natures, classify
from services.followup.domain.observations import Kind, Observation, Statement
from services.followup.domain.outcomes import OutcomeList
from services.followup.domain.refusals import (
    ENDS_BEFORE_START,
    OBSERVED_AFTER_COLLECTION,
    OTHER_ENROLMENT,
    STARTS_TOO_LATE,
    UNKNOWN_OUTCOME,
)
from services.followup.domain.words import Word
from shared.kernel.dates import BACKFILL_AFTER, check_effective, is_old
from shared.kernel.errors import Conflict, Invalid

LONGEST_NOTICE: Final = timedelta(days=31)
"""A contract may be known this long before it starts."""

_NO_JOB: Final = Classified("", None)


@dataclass(frozen=True, slots=True)
class Codes:
    """The code lists in force."""

    outcomes: OutcomeList
    natures: Natures


@dataclass(frozen=True)
class Day:
    """The day of a call, and whether its caller may declare old facts."""

    today: date
    may_backfill: bool

    @cached_property
    def _bounds(self) -> tuple[date, date]:
        """Between these no effective date can be refused."""
        return self.today - BACKFILL_AFTER, self.today

    def check(self, effective: date, *, pointer: str) -> None:
        """Judge one effective date. Raises Invalid, or Forbidden for an old date without the right."""
        earliest, latest = self._bounds
        if not earliest <= effective <= latest:
            check_effective(effective, today=self.today, may_backfill=self.may_backfill, pointer=pointer)


def examine(statement: Statement, day: Day, *, codes: Codes) -> Classified:
    """The outcome a sound line stands for (an empty code when it stands for none).

    The days of collection and of observation are effective dates; a spell may have begun at any time. Raises
    Invalid, or Forbidden for an old date without the right. Source: exchange rules of the follow-up.
    """
    day.check(statement.collected_on, pointer="/collected_on")
    if statement.observed_on is not None:
        _check_observed(statement, day)
    if statement.starts_on is not None:
        _check_spell(statement, starts_on=statement.starts_on)
    if statement.kind is Kind.CONTRACT:
        return classify(statement, codes.natures)
    if statement.kind is Kind.SELF_EMPLOYMENT:
        return Classified(OWN_BUSINESS, codes.outcomes.by_code[OWN_BUSINESS].durable())
    if statement.kind is Kind.SITUATION:
        return _situation(statement, codes.outcomes)
    return _NO_JOB


def is_backfill(statement: Statement, *, today: date) -> bool:
    """Whether the line needed the right to declare old facts."""
    return is_old(statement.collected_on, today=today) or (
        statement.observed_on is not None and is_old(statement.observed_on, today=today)
    )


def _check_observed(statement: Statement, day: Day) -> None:
    assert statement.observed_on is not None  # noqa: S101 - the caller looked
    pointer = "/searched_on" if statement.kind is Kind.SEARCHED_NOT_FOUND else "/observed_on"
    day.check(statement.observed_on, pointer=pointer)
    if statement.observed_on > statement.collected_on:
        raise Invalid(OBSERVED_AFTER_COLLECTION, pointer=pointer, expected="<= collected_on")


def _check_spell(statement: Statement, *, starts_on: date) -> None:
    if starts_on > statement.collected_on + LONGEST_NOTICE:
        raise Invalid(STARTS_TOO_LATE, pointer="/starts_on", expected="<= collected_on + 31 d")
    if statement.ends_on is not None and statement.ends_on < starts_on:
        raise Invalid(ENDS_BEFORE_START, pointer="/ends_on", expected=">= starts_on")
    if statement.planned_end_on is not None and statement.planned_end_on < starts_on:
        raise Invalid(ENDS_BEFORE_START, pointer="/planned_end_on", expected=">= starts_on")


def _situation(statement: Statement, outcomes: OutcomeList) -> Classified:
    outcome = outcomes.by_code.get(statement.situation or "")
    if outcome is None:
        raise Invalid(UNKNOWN_OUTCOME, pointer="/situation", expected=" | ".join(outcomes.by_code))
    return Classified(outcome.code, outcome.durable())


class Meaning(Word):
    """What a line means beside what is held of its reference."""

    NEW = "new"
    CORRECTS = "corrects"
    RETRACTS = "retracts"
    RETRACTS_UNKNOWN = "retracts_unknown"
    DUPLICATE = "duplicate"
    CONFIRMS = "confirms"
    """The same again, collected later: answered as a duplicate, the later date is kept."""
    OLDER = "older"


def meaning(
    statement: Statement, held: Observation | None, *, digest: bytes, said_before: bool = False
) -> Meaning:
    """Judge a line by its reference alone, never by the person: the latest collected is what the reporter means.

    Equal collection dates: what comes later corrects, unless it was `said_before` and replaced: that is an old
    sending tried again. After a retraction only something collected later speaks again. Raises Conflict when the
    reference named another enrolment. Source: natural key of observations.
    """
    retracts = statement.kind is Kind.RETRACTION
    if held is None:
        return Meaning.RETRACTS_UNKNOWN if retracts else Meaning.NEW
    if held.digest == digest:
        return Meaning.CONFIRMS if statement.collected_on > held.collected_on else Meaning.DUPLICATE
    if not retracts and held.enrolment_id is not None and held.enrolment_id != statement.enrolment_id:
        raise Conflict(OTHER_ENROLMENT, pointer="/reference")
    stale = statement.collected_on == held.collected_on and (said_before or held.kind is Kind.RETRACTION)
    if statement.collected_on < held.collected_on or stale:
        return Meaning.OLDER
    return Meaning.RETRACTS if retracts else Meaning.CORRECTS
