"""Declaring, submitting and withdrawing applications, one or a thousand at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from services.labelling.domain import refusals
from services.labelling.domain.applications import Application, Submission, redeclare, submit, withdraw
from services.labelling.domain.criteria import failed_eligibility
from services.labelling.domain.organisations import Organisation
from services.labelling.domain.trainings import Content, check_content
from services.labelling.repository.applications import Key, hold_applications, save_applications
from services.labelling.repository.calls import load_calls
from services.labelling.repository.criteria_sets import CRITERIA_SETS
from services.labelling.repository.organisations import hold_organisation
from services.labelling.use_cases.effective import Actor
from services.labelling.use_cases.settled import Settled, raise_refusal, settle_each
from shared.kernel.errors import UNKNOWN, Conflict, Invalid, NotFound
from shared.platform.database import Transaction
from shared.platform.edge.bulk import Verdict


@dataclass(frozen=True)
class Declaration:
    """What a holder declares under its own reference."""

    reference: str
    content: Content


async def declare_applications(
    tx: Transaction, declarations: Sequence[Declaration], *, holder: str
) -> list[Verdict]:
    """Declare applications or change drafts; one verdict per declaration."""
    settled = await _declare(tx, declarations, holder=holder)
    return [one.verdict(state=one.state.state if one.state else None) for one in settled]


async def declare_application(tx: Transaction, declaration: Declaration, *, holder: str) -> None:
    """Declare one application or change its draft. Raises Conflict, Invalid."""
    raise_refusal(await _declare(tx, [declaration], holder=holder))


async def submit_applications(
    tx: Transaction, submissions: Sequence[Submission], *, holder: str, actor: Actor
) -> list[Verdict]:
    """Submit applications; one verdict per submission, with the criteria that make one inadmissible."""
    settled = await _submit(tx, submissions, holder=holder, actor=actor)
    return [
        (replace(one, status="accepted") if one.is_written else one).verdict(**_outcome_of(one.state))
        for one in settled
    ]


async def submit_application(tx: Transaction, submission: Submission, *, holder: str, actor: Actor) -> None:
    """Submit one application. Raises NotFound, Conflict, Invalid, Forbidden."""
    raise_refusal(await _submit(tx, [submission], holder=holder, actor=actor))


async def withdraw_application(
    tx: Transaction, reference: str, *, holder: str, withdrawn_on: date, actor: Actor
) -> None:
    """Take an application back. Raises NotFound, Conflict, Invalid, Forbidden."""
    held = (await hold_applications(tx, [(holder, reference)])).get((holder, reference))
    if held is None:
        raise NotFound(UNKNOWN)
    withdrawn = withdraw(held, withdrawn_on=withdrawn_on)
    if withdrawn is held:
        return
    actor.check(withdrawn_on, pointer="/withdrawn_on")
    await save_applications(tx, [withdrawn])
    await actor.journal(tx, "withdrawals", dates=[withdrawn_on])


async def _declare(
    tx: Transaction, declarations: Sequence[Declaration], *, holder: str
) -> list[Settled[Application]]:
    organisation = await hold_organisation(tx, holder)
    calls = await load_calls(tx, {declaration.content.call for declaration in declarations})
    held = await hold_applications(tx, {(holder, declaration.reference) for declaration in declarations})

    def act(declaration: Declaration, before: Application | None) -> Application:
        content = declaration.content
        known = _known_organisation(organisation)
        if content.call not in calls:
            raise Invalid(refusals.CALL_UNKNOWN, pointer="/call")
        check_content(content, site=known.site(content.siret))
        return redeclare(before, content) if before else Application(holder, declaration.reference, content)

    settled = settle_each(
        declarations, held, key=lambda declaration: (holder, declaration.reference), act=act
    )
    await save_applications(tx, _written(settled, held.items()))
    return settled


async def _submit(
    tx: Transaction, submissions: Sequence[Submission], *, holder: str, actor: Actor
) -> list[Settled[Application]]:
    held = await hold_applications(tx, {(holder, submission.reference) for submission in submissions})
    calls = await load_calls(tx, {application.content.call for application in held.values()})

    def act(submission: Submission, before: Application | None) -> Application:
        if before is None:
            raise NotFound(refusals.APPLICATION_UNKNOWN, pointer="/reference")
        call = calls[before.content.call]
        submitted = submit(before, submission, call=call, criteria=CRITERIA_SETS[call.criteria_set])
        if submitted is not before:
            actor.check(submission.submitted_on, pointer="/submitted_on")
        return submitted

    settled = settle_each(submissions, held, key=lambda submission: (holder, submission.reference), act=act)
    written = _written(settled, held.items())
    await save_applications(tx, written)
    dates = [application.submitted_on for application in written if application.submitted_on]
    await actor.journal(tx, "submissions", dates=dates)
    return settled


def _known_organisation(organisation: Organisation | None) -> Organisation:
    if organisation is None:
        raise Conflict(refusals.ORGANISATION_UNKNOWN)
    return organisation


def _written(
    settled: Iterable[Settled[Application]], held: Iterable[tuple[Key, Application]]
) -> list[Application]:
    """The last state of each application that changed, once."""
    keys = {(one.state.holder, one.state.reference) for one in settled if one.is_written and one.state}
    return [application for key, application in held if key in keys]


def _outcome_of(application: Application | None) -> dict[str, object]:
    if application is None:
        return {}
    failed = failed_eligibility(application.findings)
    return {
        "state": application.state,
        "failed_eligibility": [
            {"criterion": finding.criterion, "result": finding.result} for finding in failed
        ],
    }
