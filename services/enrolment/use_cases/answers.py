"""The answer to one declared item: a verdict, or the rule that refuses it."""

from collections.abc import Sequence

from shared.kernel.errors import DomainError
from shared.platform.edge.bulk import Verdict

Answer = Verdict | DomainError


def verdicts_of(answers: Sequence[Answer]) -> list[Verdict]:
    """Verdicts for a bulk call: a refusal is the verdict of its item."""
    return [Verdict.refused(answer) if isinstance(answer, DomainError) else answer for answer in answers]


def only(answers: Sequence[Answer]) -> Verdict:
    """The verdict of a call on one item. Raises the refusal."""
    (answer,) = answers
    if isinstance(answer, DomainError):
        raise answer
    return answer
