"""A follow-up: what is known of an exit, and the situations settled at its anniversaries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.followup.domain.observations import Key, Observation, Source
from services.followup.domain.outcomes import JobClass, OutcomeList, Situation
from services.followup.domain.precedence import prevailing
from services.followup.domain.waves import WAVES, Wave, Why, obstacle, reference_on, waves_of


class Status(StrEnum):
    """Where a follow-up stands. `waiting`: something was said of an enrolment whose exit is not heard yet."""

    WAITING = "waiting"
    OPEN = "open"
    EXCLUDED = "excluded"
    CLOSED = "closed"


class ExclusionCode(StrEnum):
    """The closed list of reasons to leave the figures. Source: indicator method, partition of a matured cohort."""

    DECEASED = "deceased"
    LONG_ILLNESS = "long_illness"
    DETAINED = "detained"
    ENROLLED_BY_ERROR = "enrolled_by_error"


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Why a learner left the figures, since when, and the reference of the proof its holder keeps."""

    code: ExclusionCode
    established_on: date
    proof: str


@dataclass(frozen=True, slots=True)
class SettledWave:
    """The situation at one anniversary, as the others are told."""

    wave: int
    situation: Situation
    outcome: str
    job_class: JobClass | None
    durable: bool | None
    source: Source
    reference_on: date
    collected_on: date


@dataclass(frozen=True, slots=True)
class Exit:
    """How and when a learner left which training of whom."""

    holder: str
    training_id: UUID
    exit_on: date
    exit_kind: str


@dataclass(frozen=True, slots=True)
class Followup:
    """What is held of one enrolment after its exit."""

    enrolment_id: UUID
    status: Status
    exit: Exit | None = None
    exclusion: Exclusion | None = None
    version: int = 0
    enrolment_version: int = 0
    settled: tuple[SettledWave, ...] = ()

    @property
    def has_exit(self) -> bool:
        """Whether an exit is known and stands."""
        return self.status in {Status.OPEN, Status.EXCLUDED}


Whys = tuple[Why, ...]
"""One reason per wave, in the order of the waves."""


@dataclass(frozen=True, slots=True)
class Weighing:
    """The settled waves, and for each observation why it counts or not."""

    settled: tuple[SettledWave, ...]
    whys: Mapping[Key, Whys]


WAITING: Final[Whys] = (Why.WAITING_FOR_EXIT,) * len(WAVES)
EXCLUDED: Final[Whys] = (Why.EXCLUDED,) * len(WAVES)


def settle(
    followup: Followup, observations: Iterable[Observation], *, outcomes: OutcomeList
) -> tuple[SettledWave, ...]:
    """The situations at the anniversaries; neither order nor repetition of the observations matters."""
    return weigh(followup, list(observations), outcomes=outcomes).settled


def weigh(followup: Followup, observations: Sequence[Observation], *, outcomes: OutcomeList) -> Weighing:
    """Settle, and say of each observation why.

    Before the exit is heard all wait; of an excluded learner none counts. Source: waves at the three and six
    month anniversaries, closed list of exclusions.
    """
    if followup.exit is None or not followup.has_exit:
        return Weighing((), {one.key: WAITING for one in observations})
    if followup.status is Status.EXCLUDED and followup.exclusion is not None:
        return Weighing(_excluded(followup.exclusion), {one.key: EXCLUDED for one in observations})
    holder = followup.exit.holder
    mine = [one for one in observations if one.source is not Source.HOLDER or one.reporter == holder]
    whys: dict[Key, Whys] = (
        {one.key: WAITING for one in observations} if len(mine) < len(observations) else {}
    )
    columns: list[list[Why]] = []
    settled: list[SettledWave] = []
    for wave in waves_of(followup.exit.exit_on):
        found, reasons = _ask(mine, wave, outcomes=outcomes)
        columns.append(reasons)
        if found is not None:
            settled.append(_settled(found, wave, outcomes=outcomes))
    whys.update(zip((one.key for one in mine), zip(*columns, strict=True), strict=True))
    return Weighing(tuple(settled), whys)


def _ask(
    observations: Sequence[Observation], wave: Wave, *, outcomes: OutcomeList
) -> tuple[Observation | None, list[Why]]:
    reasons = [_obstacle(one, wave, outcomes=outcomes) for one in observations]
    answers = [one for one, why in zip(observations, reasons, strict=True) if why is None]
    found = prevailing(answers, wave, outcomes=outcomes) if answers else None
    best = found.key if found is not None else None
    return found, [
        why or (Why.COUNTED if one.key == best else Why.OUTRANKED)
        for one, why in zip(observations, reasons, strict=True)
    ]


def _obstacle(observation: Observation, wave: Wave, *, outcomes: OutcomeList) -> Why | None:
    why = obstacle(observation, wave)
    if why is None and outcomes.by_code[observation.outcome or ""].situation is None:
        return Why.NOT_AN_ANSWER
    return why


def _settled(answer: Observation, wave: Wave, *, outcomes: OutcomeList) -> SettledWave:
    outcome = outcomes.by_code[answer.outcome or ""]
    assert outcome.situation is not None  # noqa: S101 - what is no answer was set aside by _obstacle
    return SettledWave(
        wave=wave.number,
        situation=outcome.situation,
        outcome=outcome.code,
        job_class=outcome.job_class,
        durable=answer.durable,
        source=answer.source,
        reference_on=reference_on(answer, wave),
        collected_on=answer.first_collected_on,
    )


def _excluded(exclusion: Exclusion) -> tuple[SettledWave, ...]:
    return tuple(
        SettledWave(
            wave=wave,
            situation=Situation.EXCLUDED,
            outcome=exclusion.code.value,
            job_class=None,
            durable=None,
            source=Source.HOLDER,
            reference_on=exclusion.established_on,
            collected_on=exclusion.established_on,
        )
        for wave in WAVES
    )


class Change(StrEnum):
    """What the others are told of a follow-up."""

    SETTLED = "settled"
    WITHDRAWN = "withdrawn"
    EXCLUDED = "excluded"


def change_between(before: Followup, after: Followup) -> Change | None:
    """What changed for the others; None when they would be told what they know.

    A wave that got or changed its situation is told before one that lost it. A corrected exit under standing
    situations is told too: the state that was said names the exit.
    """
    held = {settled.wave: settled for settled in before.settled}
    if any(held.get(settled.wave) != settled for settled in after.settled) or (
        after.settled and before.exit != after.exit
    ):
        return Change.EXCLUDED if after.status is Status.EXCLUDED else Change.SETTLED
    return Change.WITHDRAWN if len(after.settled) < len(before.settled) else None
