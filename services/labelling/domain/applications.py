"""An application's life, from draft to decision: one table of transitions, one function per act."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from services.labelling.domain import refusals
from services.labelling.domain.calls import Call, check_intake
from services.labelling.domain.criteria import CriteriaSet, Finding, evaluate, failed_eligibility
from services.labelling.domain.trainings import Content, facts_of
from shared.kernel.errors import Conflict, Invalid


class State(StrEnum):
    """Where an application stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    INADMISSIBLE = "inadmissible"
    IN_REVIEW = "in_review"
    ASSESSED = "assessed"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Act(StrEnum):
    """What can be done to an application."""

    SUBMIT = "submit"
    ADMIT = "admit"
    DISMISS = "dismiss"
    ASSESS = "assess"
    GRANT = "grant"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


TRANSITIONS: Mapping[tuple[State, Act], State] = {
    (State.DRAFT, Act.SUBMIT): State.SUBMITTED,
    (State.SUBMITTED, Act.ADMIT): State.IN_REVIEW,
    (State.SUBMITTED, Act.DISMISS): State.INADMISSIBLE,
    (State.IN_REVIEW, Act.ASSESS): State.ASSESSED,
    (State.IN_REVIEW, Act.GRANT): State.GRANTED,
    (State.IN_REVIEW, Act.REFUSE): State.REFUSED,
    (State.ASSESSED, Act.GRANT): State.GRANTED,
    (State.ASSESSED, Act.REFUSE): State.REFUSED,
    (State.DRAFT, Act.WITHDRAW): State.WITHDRAWN,
    (State.SUBMITTED, Act.WITHDRAW): State.WITHDRAWN,
    (State.IN_REVIEW, Act.WITHDRAW): State.WITHDRAWN,
    (State.ASSESSED, Act.WITHDRAW): State.WITHDRAWN,
}
"""Every act that a state allows. Source: pass-or-fail gate, assessment, dated decision (calls of 2015 to 2021)."""


@dataclass(frozen=True)
class Application:
    """A holder's application for one training; the criteria it is judged by are pinned when it is submitted."""

    holder: str
    reference: str
    content: Content
    state: State = State.DRAFT
    criteria_set: str | None = None
    findings: tuple[Finding, ...] = ()
    intake: str | None = None
    submitted_on: date | None = None
    withdrawn_on: date | None = None
    version: int = 1


@dataclass(frozen=True)
class Submission:
    """The act of submitting: to which intake, on what day."""

    reference: str
    intake: str
    submitted_on: date


def after(state: State, act: Act) -> State:
    """The state that an act leads to. Raises Conflict, naming the states that allow the act."""
    reached = TRANSITIONS.get((state, act))
    if reached is None:
        allowing = ", ".join(source for source, possible in TRANSITIONS if possible is act)
        raise Conflict(refusals.WRONG_STATE, pointer="/state", expected=allowing)
    return reached


def redeclare(application: Application, content: Content) -> Application:
    """The application with another content while it is a draft; itself when nothing changes.

    Source: ordinary practice of calls, what is judged is what was submitted. Raises Conflict.
    """
    if content == application.content:
        return application
    if application.state is not State.DRAFT:
        raise Conflict(refusals.CONTENT_FROZEN, expected=State.DRAFT)
    return replace(application, content=content, version=application.version + 1)


def submit(
    application: Application, submission: Submission, *, call: Call, criteria: CriteriaSet
) -> Application:
    """The application, submitted and at once either in review or inadmissible; itself when sent again.

    Source: intakes' dates; pass-or-fail gate; criteria belong to a call's version. Raises Invalid, Conflict.
    """
    if application.submitted_on is not None:
        if (application.intake, application.submitted_on) != (submission.intake, submission.submitted_on):
            raise Conflict(refusals.SUBMISSION_DIFFERS)
        return application
    submitted = after(application.state, Act.SUBMIT)
    check_intake(call, intake=submission.intake, submitted_on=submission.submitted_on)
    findings = evaluate(criteria.criteria, facts_of(application.content))
    return replace(
        application,
        state=after(submitted, Act.DISMISS if failed_eligibility(findings) else Act.ADMIT),
        criteria_set=criteria.id,
        findings=findings,
        intake=submission.intake,
        submitted_on=submission.submitted_on,
        version=application.version + 1,
    )


def withdraw(application: Application, *, withdrawn_on: date) -> Application:
    """The application, taken back by its holder; itself when sent again.

    Source: project decision, any open state can be left. Raises Conflict, Invalid.
    """
    if application.withdrawn_on is not None:
        if application.withdrawn_on != withdrawn_on:
            raise Conflict(refusals.WITHDRAWAL_DIFFERS)
        return application
    state = after(application.state, Act.WITHDRAW)
    _check_not_before_submission(application, withdrawn_on, pointer="/withdrawn_on")
    return replace(application, state=state, withdrawn_on=withdrawn_on, version=application.version + 1)


def close(application: Application, *, granted: bool, decided_on: date) -> Application:
    """The application, granted or refused.

    Source: dated decision of a committee. Raises Conflict, Invalid.
    """
    state = after(application.state, Act.GRANT if granted else Act.REFUSE)
    _check_not_before_submission(application, decided_on, pointer="/decided_on")
    return replace(application, state=state, version=application.version + 1)


def _check_not_before_submission(application: Application, on: date, *, pointer: str) -> None:
    submitted_on = application.submitted_on
    if submitted_on is not None and on < submitted_on:
        raise Invalid(refusals.BEFORE_SUBMISSION, pointer=pointer, expected=f">= {submitted_on}")
