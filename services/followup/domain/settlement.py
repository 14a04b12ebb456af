"""Settling: which situation stands at each anniversary, and why each observation counts or not."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from services.followup.domain.followups import Exclusion, Followup, SettledWave, Status
from services.followup.domain.observations import Key, Observation, Source
from services.followup.domain.outcomes import OutcomeList, Situation
from services.followup.domain.precedence import prevailing
from services.followup.domain.waves import WAVES, Wave, Why, obstacle, reference_on, waves_of
from services.followup.domain.words import Word

Whys = tuple[Why, ...]
"""One reason per wave, in the order of the waves."""


class Weighing(NamedTuple):
    """The settled waves, and for each observation why it counts or not."""

    settled: tuple[SettledWave, ...]
    whys: Mapping[Key, Whys]


_COUNTED: Final[Whys] = (Why.COUNTED,)
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
    whys: dict[Key, Whys] = {}
    if len(mine) < len(observations):
        # A holder spoke, before the exit was heard, of an enrolment that turned out to be another's.
        whys = {one.key: WAITING for one in observations}
    waves = waves_of(followup.exit.exit_on)
    asked = [_ask(mine, wave, outcomes=outcomes) for wave in waves]
    for place, one in enumerate(mine):
        whys[one.key] = tuple([reasons[place] for _, reasons in asked])
    settled = [
        _settled(best, wave, outcomes=outcomes)
        for wave, (best, _) in zip(waves, asked, strict=True)
        if best is not None
    ]
    return Weighing(tuple(settled), whys)


def _ask(
    observations: Sequence[Observation], wave: Wave, *, outcomes: OutcomeList
) -> tuple[Observation | None, Sequence[Why]]:
    if len(observations) == 1:
        only = observations[0]
        why_not = _obstacle(only, wave, outcomes=outcomes)
        return (only, _COUNTED) if why_not is None else (None, [why_not])
    reasons = [_obstacle(one, wave, outcomes=outcomes) for one in observations]
    answers = [one for one, why in zip(observations, reasons, strict=True) if why is None]
    best = prevailing(answers, wave, outcomes=outcomes)
    return best, [
        why or (Why.COUNTED if one is best or one == best else Why.OUTRANKED)
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


class Change(Word):
    """What the others are told of a follow-up."""

    SETTLED = "settled"
    WITHDRAWN = "withdrawn"
    EXCLUDED = "excluded"


def change_between(before: Followup, after: Followup, *, settled: Sequence[SettledWave]) -> Change | None:
    """What changed for the others; None when they would be told what they know.

    A wave that got or changed its situation is told before one that lost it. A corrected exit under standing
    situations is told too: the state that was said names the exit.
    """
    held = {one.wave: one for one in before.settled}
    if any(held.get(one.wave) != one for one in settled) or (settled and before.exit != after.exit):
        return Change.EXCLUDED if after.status is Status.EXCLUDED else Change.SETTLED
    return Change.WITHDRAWN if len(settled) < len(before.settled) else None
