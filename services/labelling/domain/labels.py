"""Labels: how long they hold, what suspends or ends them, and their status at any date."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from services.labelling.domain import refusals
from services.labelling.domain.trainings import training_id_of
from shared.kernel.dates import add_months
from shared.kernel.errors import Conflict, Invalid
from shared.kernel.identifiers import stable_id

_A_DAY = timedelta(days=1)


class Status(StrEnum):
    """What a label is at a date."""

    NOT_YET_VALID = "not_yet_valid"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    EXPIRED = "expired"


class ChangeKind(StrEnum):
    """What the office can do to a label."""

    SUSPENDED = "suspended"
    REINSTATED = "reinstated"
    REVOKED = "revoked"


@dataclass(frozen=True)
class Suspension:
    """A period without new starts: first day, and last day once it is known."""

    since: date
    until: date | None = None


@dataclass(frozen=True)
class Label:
    """A label of one training; its status follows from these dates."""

    label_id: UUID
    training_id: UUID
    holder: str
    training_reference: str
    decided_on: date
    valid_from: date
    valid_until: date
    suspensions: tuple[Suspension, ...] = ()
    revoked_on: date | None = None
    renews: UUID | None = None
    version: int = 1


@dataclass(frozen=True)
class Change:
    """A dated act of the office on a label, under the office's own reference."""

    reference: str
    kind: ChangeKind
    effective_on: date
    reason: str


def label_id_of(holder: str, reference: str) -> UUID:
    """One application, one label."""
    return stable_id("label", holder, reference)


def grant(*, holder: str, reference: str, decided_on: date, months: int) -> Label:
    """A label that holds from the day of the decision for the months of its call, last day included.

    Source: the label's own page (three years from the grant), as a parameter of the call.
    """
    return Label(
        label_id=label_id_of(holder, reference),
        training_id=training_id_of(holder, reference),
        holder=holder,
        training_reference=reference,
        decided_on=decided_on,
        valid_from=decided_on,
        valid_until=add_months(decided_on, months) - _A_DAY,
    )


def status_at(label: Label, on: date) -> Status:
    """The status at a date; expiry is computed and no job runs for it.

    Source: rule 2 (suspension and revocation take effect on a date); architecture, expiry from the date.
    """
    if on < label.valid_from:
        return Status.NOT_YET_VALID
    if label.revoked_on and on >= label.revoked_on:
        return Status.REVOKED
    if on > label.valid_until:
        return Status.EXPIRED
    if any(held.since <= on <= (held.until or date.max) for held in label.suspensions):
        return Status.SUSPENDED
    return Status.ACTIVE


def change(label: Label, act: Change) -> Label:
    """The label after a suspension, a reinstatement or a revocation.

    Source: rule 2; acts take effect within validity and in the order of their dates. Raises Conflict, Invalid.
    """
    if label.revoked_on:
        raise Conflict(refusals.LABEL_REVOKED)
    _check_date(label, act.effective_on)
    changed = {
        ChangeKind.SUSPENDED: _suspended,
        ChangeKind.REINSTATED: _reinstated,
        ChangeKind.REVOKED: _revoked,
    }[act.kind](label, act.effective_on)
    return replace(changed, version=label.version + 1)


def _check_date(label: Label, on: date) -> None:
    if not label.valid_from <= on <= label.valid_until:
        raise Invalid(
            refusals.CHANGE_OUTSIDE_VALIDITY,
            pointer="/effective_on",
            expected=f"{label.valid_from} .. {label.valid_until}",
        )
    if label.suspensions:
        last = label.suspensions[-1]
        previous = last.until or last.since
        if on <= previous:
            raise Invalid(
                refusals.CHANGE_OUT_OF_ORDER, pointer="/effective_on", expected=f">= {previous + _A_DAY}"
            )


def _is_suspended(label: Label) -> bool:
    return bool(label.suspensions) and label.suspensions[-1].until is None


def _suspended(label: Label, on: date) -> Label:
    if _is_suspended(label):
        raise Conflict(refusals.ALREADY_SUSPENDED, pointer="/kind")
    return replace(label, suspensions=(*label.suspensions, Suspension(on)))


def _reinstated(label: Label, on: date) -> Label:
    if not _is_suspended(label):
        raise Conflict(refusals.NOT_SUSPENDED, pointer="/kind")
    last = replace(label.suspensions[-1], until=on - _A_DAY)
    return replace(label, suspensions=(*label.suspensions[:-1], last))


def _revoked(label: Label, on: date) -> Label:
    return replace(label, revoked_on=on)
