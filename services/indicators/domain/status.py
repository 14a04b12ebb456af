"""What a reader must know before quoting a figure: its state, and the letters of its observation status."""

from collections.abc import Iterable
from enum import StrEnum
from fractions import Fraction


class State(StrEnum):
    """Five things that an empty or small figure may mean, and must never be confused."""

    OBSERVED = "observed"
    """Computed; zero is one of its values."""
    MISSING = "missing"
    """There is nobody to count."""
    UNKNOWN = "unknown"
    """There are people to count, and nothing is known of any of them."""
    NOT_DUE = "not_due"
    """There are people to count, and it is too early for all of them."""
    SUPPRESSED = "suppressed"
    """Known and hidden: released figures only."""


class Letter(StrEnum):
    """Letters of the observation status."""

    NORMAL = "A"
    DIFFERS = "D"
    ESTIMATED = "E"
    NOT_COLLECTED = "L"
    IMPOSSIBLE = "M"
    NOT_SIGNIFICANT = "N"
    PROVISIONAL = "P"
    UNRELIABLE = "U"


_OF_STATE = {
    State.MISSING: Letter.IMPOSSIBLE,
    State.UNKNOWN: Letter.NOT_SIGNIFICANT,
    State.NOT_DUE: Letter.NOT_COLLECTED,
}

RESPONSE_NORMAL, RESPONSE_LEAST = 80, 40
WIDTH_NORMAL, WIDTH_MOST = 20, 30


def reliability(*, response: Fraction | None, width: Fraction | None) -> Letter:
    """How far response (percent) and interval width (points) let a rate be trusted.

    Source: method of the indicators, when not to publish: from 80 % of answers and up to 20 points normal;
    below 40 % or above 30 points not significant; between, of low reliability.
    """
    if (response is not None and response < RESPONSE_LEAST) or (width is not None and width > WIDTH_MOST):
        return Letter.NOT_SIGNIFICANT
    if (response is not None and response < RESPONSE_NORMAL) or (width is not None and width > WIDTH_NORMAL):
        return Letter.UNRELIABLE
    return Letter.NORMAL


def letters(
    state: State, *, inherent: Iterable[Letter], provisional: bool, judged: Letter
) -> tuple[Letter, ...]:
    """The letters of a figure, in a fixed order; `A` stands alone, when there is nothing else to say."""
    said = [*inherent]
    if provisional:
        said.append(Letter.PROVISIONAL)
    if state in _OF_STATE:
        said.append(_OF_STATE[state])
    elif judged is not Letter.NORMAL:
        said.append(judged)
    return tuple(said) or (Letter.NORMAL,)
