"""What indicators does: take over what the other services say, and count it anew when asked."""

from collections.abc import Sequence
from typing import Any

from services.indicators.domain.filters import Question
from services.indicators.domain.measures import AUDIENCES, WAVES
from services.indicators.repository import cubes, hearing
from services.indicators.tables import EXCHANGE
from shared.events.enrolment import EnrolmentState
from shared.events.followup import FollowupExcluded, FollowupState, SettledWave
from shared.events.labelling import LabelState, TargetSet, TrainingDescribed
from shared.platform import journal
from shared.platform.caller import Caller
from shared.platform.database import Transaction
from shared.platform.exchange.applying import Heard

_TRAINING_LISTS = ("approaches", "support", "need_kinds")


async def take_enrolments(tx: Transaction, heard: Sequence[Heard[EnrolmentState]]) -> None:
    """Count enrolments as they now stand."""
    await hearing.save_enrolments(
        tx, [_enrolment_row(item.fact) | _known(item) for item in heard], counted=_counted(heard)
    )


async def take_followups(tx: Transaction, heard: Sequence[Heard[FollowupState]]) -> None:
    """Count settled situations as they now stand; one whose enrolment was not heard yet waits."""
    await hearing.save_followups(
        tx, [_followup_row(item.fact) | _known(item) for item in heard], counted=_counted(heard)
    )


async def take_trainings(tx: Transaction, heard: Sequence[Heard[TrainingDescribed]]) -> None:
    """Keep the facts of trainings, and move their enrolments when the site is in another region."""
    rows = []
    for item in heard:
        row = item.fact.model_dump(exclude={"version"})
        lists = {name: list(row[name]) for name in _TRAINING_LISTS}
        rows.append(row | lists | {"training_version": item.fact.version} | _known(item))
    await hearing.save_trainings(tx, rows, counted=_counted(heard))


async def take_labels(tx: Transaction, heard: Sequence[Heard[LabelState]]) -> None:
    """Keep labels as they now stand."""
    rows = []
    for item in heard:
        row = item.fact.model_dump(exclude={"version", "training_reference", "suspensions"})
        suspensions = [suspension.model_dump(mode="json") for suspension in item.fact.suspensions]
        rows.append(row | {"suspensions": suspensions, "label_version": item.fact.version} | _known(item))
    await hearing.save_labels(tx, rows)


async def take_targets(tx: Transaction, heard: Sequence[Heard[TargetSet]]) -> None:
    """Keep targets as they now stand."""
    states = [item.fact for item in heard]
    await hearing.save_targets(
        tx, [state.model_dump(exclude={"version"}) | {"target_version": state.version} for state in states]
    )


async def note_exact_reading(tx: Transaction, *, question: Question, caller: Caller, purpose: str) -> None:
    """Journal who reads which exact figure, and why; durable before the answer leaves."""
    filters, period = question.filters, question.period
    asked = {
        "indicator": question.definition.id,
        "as_of": question.as_of,
        "known_at": question.known_at,
        "first": period and period.first,
        "last": period and period.last,
        "region": filters.region,
        "training": filters.training,
        "flag": filters.flag,
        "holder": filters.holder,
    }
    said = {name: str(value) for name, value in asked.items() if value is not None}
    await journal.record(
        tx, EXCHANGE.journal, caller=caller, action="read_exact_indicator", purpose=purpose, **said
    )


async def rebuild_cubes(tx: Transaction) -> None:
    """Count everything anew from the facts."""
    await cubes.rebuild(tx)


def _known(item: Heard[Any]) -> dict[str, Any]:
    """From when a state is known: now, unless it was recorded before and is heard again."""
    return {"known_from": item.known_at}


def _counted(heard: Sequence[Heard[Any]]) -> bool:
    """Whether the cubes follow these facts at once: a rebuild that catches up counts everything afterwards."""
    return heard[0].derived


def _enrolment_row(state: EnrolmentState) -> dict[str, Any]:
    profile = state.profile
    return {
        "enrolment_id": state.enrolment_id,
        "learner_id": state.learner_id,
        "holder": state.holder,
        "training_id": state.training_id,
        "coverage": state.coverage,
        "entered_on": state.entered_on,
        "planned_end_on": state.planned_end_on,
        "status": state.status,
        "ended_on": state.ended_on,
        **{audience: getattr(profile, audience) for audience in AUDIENCES},
        "residence_region": profile.residence_region,
        "enrolment_version": state.version,
    }


def _followup_row(state: FollowupState) -> dict[str, Any]:
    settled = {wave.wave: wave for wave in state.waves}
    excluded = isinstance(state, FollowupExcluded)
    row: dict[str, Any] = {"enrolment_id": state.enrolment_id}
    for number in WAVES:
        row |= _wave_columns(settled.get(number), number=number, excluded=excluded)
    return row | {"mapping": state.mapping, "followup_version": state.version}


def _wave_columns(wave: SettledWave | None, *, number: int, excluded: bool) -> dict[str, Any]:
    """A wave that was settled before the exclusion keeps its situation; one that was not is excluded."""
    absent = "excluded" if excluded else None
    return {
        f"situation_{number}": wave.situation if wave else absent,
        f"outcome_{number}": wave.outcome if wave else None,
        f"job_class_{number}": wave.job_class if wave else None,
        f"source_{number}": wave.source if wave else None,
        f"durable_{number}": wave.durable if wave else None,
    }
