"""The kinds of refusal a rule can pronounce, each with a stable code and a text in French and English."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """A rule that can refuse: its stable code and what a person reads, in French and in English."""

    code: str
    fr: str
    en: str


@dataclass(frozen=True)
class Violation:
    """One field that broke one rule. `expected` describes the expected form; the rejected value is never kept."""

    rule: Rule
    pointer: str = ""
    expected: str | None = None


class DomainError(Exception):
    """A refusal the caller must see; a subclass is its kind, the platform knows which status a kind has."""

    def __init__(self, rule: Rule, *, pointer: str = "", expected: str | None = None) -> None:
        super().__init__(rule.code)
        self.rule = rule
        self.violations: tuple[Violation, ...] = (Violation(rule, pointer, expected),)


class Unreadable(DomainError):
    """The question itself cannot be read: a parameter that can never mean anything here."""


class Invalid(DomainError):
    """Readable, but against a rule."""

    @classmethod
    def collect(cls, violations: tuple[Violation, ...]) -> "Invalid":
        """One error for several violations; the first gives the code."""
        error = cls(violations[0].rule)
        error.violations = violations
        return error


class NotFound(DomainError):
    """Unknown here, or somebody else's: the two are never told apart."""


class Conflict(DomainError):
    """Against the present state of the thing."""


class Forbidden(DomainError):
    """The caller lacks a right."""


class Unavailable(DomainError):
    """Not known here yet: the same call may succeed in a moment."""


UNKNOWN = Rule("not_found", fr="Ressource inconnue.", en="Unknown resource.")
