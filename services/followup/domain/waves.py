"""The waves of a follow-up, and whether an observation can answer one."""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from services.followup.domain.observations import SPELLS, Kind, Observation
from services.followup.domain.words import Word
from shared.kernel.dates import add_months

WAVES: Final = (3, 6)
"""Months after the exit."""
WINDOW_BEFORE: Final = timedelta(days=15)
WINDOW_AFTER: Final = timedelta(days=30)
FINAL_CUT_OFF: Final = timedelta(days=90)


class Why(Word):
    """Why an observation counts in a wave, or does not."""

    COUNTED = "counted"
    OUTSIDE_WINDOW = "outside_window"
    ENDED_BEFORE = "ended_before"
    STARTS_AFTER = "starts_after"
    AFTER_CUT_OFF = "after_cut_off"
    OUTRANKED = "outranked"
    WAITING_FOR_EXIT = "waiting_for_exit"
    RETRACTED = "retracted"
    NOT_AN_ANSWER = "not_an_answer"
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class Wave:
    """One anniversary of an exit with its dates."""

    number: int
    due_on: date
    window_from: date
    window_to: date
    cut_off_on: date


@lru_cache(maxsize=8192)
def waves_of(exit_on: date) -> tuple[Wave, ...]:
    """The waves of an exit: calendar anniversaries, clamped to the end of the month.

    Source: follow-up at three and six months; nothing fires at an anniversary, dates are compared.
    """
    return tuple(_wave(number, due_on=add_months(exit_on, number)) for number in WAVES)


def _wave(number: int, *, due_on: date) -> Wave:
    return Wave(
        number=number,
        due_on=due_on,
        window_from=due_on - WINDOW_BEFORE,
        window_to=due_on + WINDOW_AFTER,
        cut_off_on=due_on + FINAL_CUT_OFF,
    )


def obstacle(observation: Observation, wave: Wave) -> Why | None:
    """Why the observation cannot answer the wave; None if it can.

    A spell answers if it began by the anniversary and had not ended before it; without an end it is presumed to
    go on. A situation answers if its day lies in [anniversary - 15 d, anniversary + 30 d]. Either must have been
    collected by the final cut-off. Source: Rule 23 and the observation windows of the label's method.
    """
    if observation.kind is Kind.SITUATION:
        misplaced = _outside_window(observation, wave)
    elif observation.kind in SPELLS:
        misplaced = _not_running(observation, wave)
    else:
        return Why.RETRACTED if observation.kind is Kind.RETRACTION else Why.NOT_AN_ANSWER
    if misplaced is None and observation.first_collected_on > wave.cut_off_on:
        return Why.AFTER_CUT_OFF
    return misplaced


def _outside_window(observation: Observation, wave: Wave) -> Why | None:
    observed_on = observation.observed_on
    if observed_on is None or not wave.window_from <= observed_on <= wave.window_to:
        return Why.OUTSIDE_WINDOW
    return None


def _not_running(observation: Observation, wave: Wave) -> Why | None:
    if observation.starts_on is None or observation.starts_on > wave.due_on:
        return Why.STARTS_AFTER
    if observation.ends_on is not None and observation.ends_on < wave.due_on:
        return Why.ENDED_BEFORE
    return None


def reference_on(observation: Observation, wave: Wave) -> date:
    """The day an answer speaks of: its own for a situation, the anniversary for a spell that covers it."""
    return observation.observed_on if observation.observed_on is not None else wave.due_on


def is_firm(observation: Observation, wave: Wave, *, complete_to: date | None) -> bool:
    """Whether an answer is more than presumed: a situation, an ended spell, or a source complete to the anniversary.

    Source: Rule 22. Firmness is shown, it neither changes who prevails nor what is said.
    """
    if observation.kind is Kind.SITUATION or observation.ends_on is not None:
        return True
    return complete_to is not None and complete_to >= wave.due_on
