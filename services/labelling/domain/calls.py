"""Calls and their dated intakes."""

from dataclasses import dataclass
from datetime import date

from services.labelling.domain import refusals
from shared.kernel.errors import Conflict, Invalid, Violation

LABEL_MONTHS = 36
"""Three years unless the call says otherwise. Source: the label's own page, as a parameter of the call."""


@dataclass(frozen=True)
class Intake:
    """A cut-off of a call: applications arrive from the first to the last day, both included."""

    reference: str
    opens_on: date
    closes_on: date


@dataclass(frozen=True)
class Call:
    """A call for applications, with its criteria and the two dates that can close it."""

    reference: str
    title: str
    scheme: str
    opens_on: date
    criteria_set: str
    intakes: tuple[Intake, ...]
    label_months: int = LABEL_MONTHS
    closed_to_new_labels_on: date | None = None
    closed_to_new_sessions_on: date | None = None
    version: int = 1


def check_call(call: Call) -> None:
    """A call's intakes have their own names, follow its opening and do not end before they begin.

    Source: project decision on dated intakes (several cut-offs inside one call). Raises Invalid.
    """
    violations: list[Violation] = []
    seen: set[str] = set()
    for index, intake in enumerate(call.intakes):
        pointer = f"/intakes/{index}"
        if intake.reference in seen:
            violations.append(Violation(refusals.INTAKE_REPEATED, f"{pointer}/reference"))
        if intake.opens_on < call.opens_on:
            violations.append(
                Violation(refusals.INTAKE_BEFORE_CALL, f"{pointer}/opens_on", f">= {call.opens_on}")
            )
        if intake.closes_on < intake.opens_on:
            violations.append(
                Violation(refusals.PERIOD_REVERSED, f"{pointer}/closes_on", f">= {intake.opens_on}")
            )
        seen.add(intake.reference)
    if violations:
        raise Invalid.collect(tuple(violations))


def check_intake(call: Call, *, intake: str, submitted_on: date) -> None:
    """An application is submitted within the dates of the intake it names, judged on its own date.

    Source: the calls' published cut-offs; effective dates are what rules judge. Raises Invalid.
    """
    named = next((held for held in call.intakes if held.reference == intake), None)
    if named is None:
        raise Invalid(refusals.INTAKE_UNKNOWN, pointer="/intake")
    if not named.opens_on <= submitted_on <= named.closes_on:
        raise Invalid(
            refusals.OUTSIDE_INTAKE,
            pointer="/submitted_on",
            expected=f"{named.opens_on} .. {named.closes_on}",
        )


def check_open_to_labels(call: Call, *, decided_on: date) -> None:
    """No new label after the date that closes the call to them; labels held run on.

    Source: rule 3, a scheme closes in two dates. Raises Conflict.
    """
    closed_on = call.closed_to_new_labels_on
    if closed_on and decided_on > closed_on:
        raise Conflict(refusals.CLOSED_TO_NEW_LABELS, pointer="/decided_on", expected=f"<= {closed_on}")
