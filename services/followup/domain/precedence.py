"""Which of several answers to one wave prevails."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from services.followup.domain.observations import SPELLS, Observation, Source
from services.followup.domain.outcomes import OutcomeList
from services.followup.domain.waves import Wave, reference_on

VERSION: Final = "precedence-1"
ORDER: Final = {Source.ADMINISTRATIVE: 0, Source.DOCUMENT: 1, Source.LEARNER: 2, Source.HOLDER: 3}

Rank = tuple[int, int, bool, int, int, float, str, str]


def prevailing(answers: Sequence[Observation], wave: Wave, *, outcomes: OutcomeList) -> Observation | None:
    """The answer that counts, whatever the order or the number of times they were given.

    Administrative before document before learner before holder; but a job declared by anyone else sets aside what
    an administration says short of a job or a training, for it cannot see every job. Ties go to the reference
    date nearest the anniversary, then the durable and the longest, then the latest collected and recorded.
    Source: precedence of the label's follow-up method, version 1.
    """
    if len(answers) < 2:  # noqa: PLR2004 - one answer has no rival
        return answers[0] if answers else None
    if any(_is_declared_job(answer, outcomes) for answer in answers):
        answers = [answer for answer in answers if not _is_administrative_negative(answer, outcomes)]
    return min(answers, key=lambda answer: _rank(answer, wave))


def _is_declared_job(answer: Observation, outcomes: OutcomeList) -> bool:
    return answer.source is not Source.ADMINISTRATIVE and outcomes.by_code[answer.outcome or ""].employed


def _is_administrative_negative(answer: Observation, outcomes: OutcomeList) -> bool:
    return answer.source is Source.ADMINISTRATIVE and not outcomes.by_code[answer.outcome or ""].positive


def _rank(answer: Observation, wave: Wave) -> Rank:
    """The smallest prevails; the natural key comes last, so that two answers never tie."""
    return (
        ORDER[answer.source],
        abs((reference_on(answer, wave) - wave.due_on).days),
        not answer.durable,
        -_days(answer),
        -answer.collected_on.toordinal(),
        -answer.recorded_at.timestamp(),
        answer.reporter,
        answer.reference,
    )


def _days(answer: Observation) -> int:
    """Length of a spell, for ever when no end is known; a snapshot has none."""
    if answer.kind not in SPELLS or answer.starts_on is None:
        return 0
    end = answer.ends_on or answer.planned_end_on or date.max
    return (end - answer.starts_on).days
