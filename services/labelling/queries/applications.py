"""Where applications stand, what the criteria say of them, what was decided."""

from collections.abc import Sequence

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.labelling.domain.applications import State
from services.labelling.domain.criteria import FactValue, Finding, Threshold, evaluate, failed_eligibility
from services.labelling.domain.labels import label_id_of
from services.labelling.domain.trainings import facts_of
from services.labelling.queries.decisions import decision_of_application
from services.labelling.queries.labels import label
from services.labelling.queries.pages import read_page
from services.labelling.repository.content import content_of, finding_of
from services.labelling.repository.criteria_sets import CRITERIA_SETS
from services.labelling.schemas.application_views import (
    ApplicationSummaryView,
    ApplicationView,
    ContentView,
    EvaluationView,
    FindingView,
    FlipView,
)
from services.labelling.schemas.words import Page, Words
from services.labelling.tables import APPLICATION, CALL
from shared.kernel.errors import UNKNOWN, NotFound


async def application(reader: AsyncConnection, *, holder: str, reference: str) -> ApplicationView:
    """An application with its evaluation and decision. Raises NotFound."""
    found = await reader.execute(
        select(APPLICATION, CALL.c.criteria_set.label("criteria_of_call"))
        .join(CALL, CALL.c.reference == APPLICATION.c.call)
        .where(APPLICATION.c.siren == holder, APPLICATION.c.reference == reference)
    )
    row = found.mappings().one_or_none()
    if row is None:
        raise NotFound(UNKNOWN)
    decision = await decision_of_application(reader, holder=holder, reference=reference)
    granted = row["state"] == State.GRANTED
    return ApplicationView(
        holder=holder,
        reference=reference,
        state=row["state"],
        version=row["version"],
        content=ContentView.model_validate(row["content"]),
        intake=row["intake"],
        submitted_on=row["submitted_on"],
        withdrawn_on=row["withdrawn_on"],
        evaluation=_evaluation_of(row),
        decision=decision,
        label=await label(reader, label_id_of(holder, reference)) if granted else None,
    )


async def applications(
    reader: AsyncConnection, *, holder: str, state: State | None, limit: int, after: str | None
) -> Page[ApplicationSummaryView]:
    """A holder's applications in the order of their references."""
    question = select(APPLICATION).where(APPLICATION.c.siren == holder).order_by(APPLICATION.c.reference)
    if state:
        question = question.where(APPLICATION.c.state == state)
    if after:
        question = question.where(APPLICATION.c.reference > after)
    rows, following = await read_page(reader, question, limit=limit, key="reference")
    items = [
        ApplicationSummaryView(
            reference=row.reference,
            call=row.call,
            title=row.content["title"],
            siret=row.siret,
            state=row.state,
            submitted_on=row.submitted_on,
            failed_eligibility=_failed([finding_of(document) for document in row.findings]),
            version=row.version,
        )
        for row in rows
    ]
    return Page(items=items, next=following)


def _evaluation_of(row: RowMapping) -> EvaluationView:
    """What was found at submission; for a draft, what would be found today."""
    pinned = row["criteria_set"]
    criteria = CRITERIA_SETS[pinned or row["criteria_of_call"]]
    texts = {each.id: Words(fr=each.text_fr, en=each.text_en) for each in criteria.criteria}
    findings = (
        tuple(finding_of(document) for document in row["findings"])
        if pinned
        else evaluate(criteria.criteria, facts_of(content_of(row["content"])))
    )
    return EvaluationView(
        criteria_set=criteria.id,
        preview=pinned is None,
        failed_eligibility=_failed(findings),
        findings=[_finding_view(finding, texts[finding.criterion]) for finding in findings],
    )


def _failed(findings: Sequence[Finding]) -> list[str]:
    return [finding.criterion for finding in failed_eligibility(findings)]


def _finding_view(finding: Finding, text: Words) -> FindingView:
    return FindingView(
        criterion=finding.criterion,
        kind=finding.kind,
        text=text,
        result=finding.result,
        fact=finding.fact,
        operator=finding.operator,
        threshold=_threshold(finding.threshold),
        evidence=_evidence(finding.evidence),
        flip=FlipView(to=finding.flip.to, change=finding.flip.change) if finding.flip else None,
    )


def _threshold(value: Threshold) -> int | list[str] | None:
    return list(value) if isinstance(value, tuple) else value


def _evidence(value: FactValue) -> bool | int | str | list[str] | None:
    return list(value) if isinstance(value, tuple) else value
