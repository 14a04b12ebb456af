"""What a label covers: pure questions on its dates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID


class Coverage(StrEnum):
    """Whether a label covers a session or an entry."""

    COVERED = "covered"
    WAITING = "waiting_for_label"
    NOT_COVERED = "not_covered"


@dataclass(frozen=True, slots=True)
class Suspension:
    """A period without new starts, its last day included; open while `until` is empty."""

    since: date
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """A label as heard; a renewed training has several."""

    valid_from: date
    valid_until: date
    suspensions: tuple[Suspension, ...] = ()
    revoked_on: date | None = None

    def is_valid(self, on: date) -> bool:
        """Whether a day lies within validity, both ends included. Source: rule 1."""
        return self.valid_from <= on <= self.valid_until

    def is_withheld(self, on: date) -> bool:
        """Whether a suspension or a revocation is in effect on a day. Source: rule 2."""
        if self.revoked_on is not None and on >= self.revoked_on:
            return True
        return any(held.since <= on <= (held.until or date.max) for held in self.suspensions)


@dataclass(frozen=True, slots=True)
class HeardLabel:
    """A label with what it is granted to."""

    label_id: UUID
    holder: str
    training_id: UUID
    training_reference: str
    label: Label
    version: int


@dataclass(frozen=True, slots=True)
class Run:
    """What coverage needs to know of a session."""

    starts_on: date
    planned_end_on: date
    rolling_entry: bool


def coverage_of_session(run: Run, *, labels: Sequence[Label]) -> Coverage:
    """Whether a session is covered: it starts within validity, on a day the label is not withheld.

    Of a rolling-entry session only one day in its course is asked on which somebody may enter: its entries are
    judged one by one.
    Source: rules 1, 2 and 5.
    """
    if not labels:
        return Coverage.WAITING
    if run.rolling_entry:
        covered = any(admits_during(label, run) for label in labels)
    else:
        covered = any(
            label.is_valid(run.starts_on) and not label.is_withheld(run.starts_on) for label in labels
        )
    return Coverage.COVERED if covered else Coverage.NOT_COVERED


def coverage_of_entry(run: Run, entered_on: date, *, labels: Sequence[Label]) -> Coverage:
    """Whether an entry is covered: by the session's start, or by its own day where entries are rolling.

    From the day of a suspension or a revocation on, nobody enters a session that goes on. Source: rules 1 and 2.
    """
    if not labels:
        return Coverage.WAITING
    judged = entered_on if run.rolling_entry else run.starts_on
    covered = any(
        label.is_valid(judged) and not label.is_withheld(judged) and not label.is_withheld(entered_on)
        for label in labels
    )
    return Coverage.COVERED if covered else Coverage.NOT_COVERED


def valid_during(label: Label, run: Run) -> bool:
    """Whether validity and the session have a day in common."""
    return label.valid_from <= run.planned_end_on and run.starts_on <= label.valid_until


def admits_during(label: Label, run: Run) -> bool:
    """Whether the session has a day of validity on which the label is not withheld. Source: rules 1 and 2."""
    first, last = max(label.valid_from, run.starts_on), min(label.valid_until, run.planned_end_on)
    # Somebody may enter on the first day, or on the first day after a suspension, or on none.
    days = [first, *(held.until + timedelta(days=1) for held in label.suspensions if held.until)]
    return any(first <= day <= last and not label.is_withheld(day) for day in days)


def validity_dates(labels: Sequence[Label]) -> str:
    """The validity dates as a caller reads them: `2016-02-03 .. 2019-02-02`, one pair per label."""
    pairs = sorted((label.valid_from, label.valid_until) for label in labels)
    return ", ".join(f"{first} .. {last}" for first, last in pairs)
