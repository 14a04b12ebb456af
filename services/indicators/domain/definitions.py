"""The closed form of an indicator's definition: what is counted, over what, by which clock, and how it is shown."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from services.indicators.domain.measures import AUDIENCES, EXIT_KINDS, FLOWS, JOB_CLASSES, SITUATIONS, WAVES
from services.indicators.domain.status import Letter


class Clock(StrEnum):
    """The time an indicator lives in; two clocks are never mixed in one figure."""

    FLOW = "flow"
    STOCK = "stock"
    WAVE = "wave"
    LABEL_STOCK = "label_stock"


class Unit(StrEnum):
    """What a value is."""

    PERCENT = "percent"
    COUNT = "count"
    MONTHS = "months"


KNOWN: Final = "known"
"""Answer of a flag in a term: yes or no, but not unknown."""

COUNTS: Final[Mapping[Clock, frozenset[str]]] = {
    Clock.FLOW: frozenset({*FLOWS, "end_unknown"}),
    Clock.STOCK: frozenset({"entered", "exited", "heads"}),
    Clock.WAVE: frozenset({*SITUATIONS, "q", "m", "exits", *JOB_CLASSES, "unclassified"}),
    Clock.LABEL_STOCK: frozenset(
        {
            "labelled", "labelled_ever", "described", "undescribed", "titre_professionnel", "attestation",
            "diplome", "months", "hours_inperson", "hours_online", "free", "support", "followup", "practice",
        }
    ),
}  # fmt: skip
"""The counts a definition may use, by clock. On a wave: the partition e, s, u, o, z, q of the matured m."""


@dataclass(frozen=True)
class Term:
    """One count, added or taken away, perhaps of one audience only: `e`, `-exited`, `entered@women:yes`."""

    count: str
    flag: str | None = None
    sign: int = 1

    @property
    def name(self) -> str:
        """How the count is named among the parts of a figure."""
        return self.count if self.flag is None else f"{self.count}@{self.flag}"


@dataclass(frozen=True)
class Definition:
    """One version of one indicator."""

    id: str
    version: str
    digest: str
    label_fr: str
    label_en: str
    population_fr: str
    population_en: str
    unit: Unit
    clock: Clock
    wave: int | None
    exits: tuple[str, ...]
    numerator: tuple[Term, ...]
    denominator: tuple[Term, ...]
    unknown: tuple[Term, ...]
    excluded: tuple[Term, ...]
    has_interval: bool
    has_bounds: bool
    has_response: bool
    places: int
    places_from_1000: int
    disclosure: str
    inherent: tuple[Letter, ...]
    filters: frozenset[str]
    sources: tuple[str, ...]
    content: Mapping[str, Any]

    @property
    def terms(self) -> tuple[Term, ...]:
        """Every term, in the order of the file."""
        return (*self.numerator, *self.denominator, *self.unknown, *self.excluded)

    @property
    def takes_period(self) -> bool:
        """Flows need one, waves may have one (a cohort of exits), states at a date have none."""
        return self.clock in {Clock.FLOW, Clock.WAVE}


class BadDefinition(Exception):
    """The registry holds something that is not a definition: the service must not start on it."""


_FIELDS: Final = {
    "id", "version", "label", "population", "unit", "clock", "numerator", "denominator", "unknown", "excluded",
    "interval", "bounds", "response", "rounding", "disclosure", "flags", "filters", "sources",
}  # fmt: skip
_FILTERS: Final = frozenset({"region", "training", "flag"})
_ID = re.compile(r"[a-z][a-z0-9_]{2,39}", re.ASCII)
_VERSION = re.compile(r"\d+\.\d+\.\d+", re.ASCII)
_TERM = re.compile(r"(-?)([a-z_]+)(?:@([a-z_]+):(yes|unknown|known))?", re.ASCII)


def definition_from(content: Mapping[str, Any], *, digest: str) -> Definition:
    """A definition from the content of its file. Raises BadDefinition with what is wrong.

    Source: registry of definitions; a change of population, clock, numerator or exclusions is a new major version.
    """
    try:
        made = _made(content, digest=digest)
    except (KeyError, TypeError, ValueError) as error:
        raise BadDefinition(f"{content.get('id', '?')}: {type(error).__name__} {error}") from error
    for fault in _faults(made):
        raise BadDefinition(f"{made.id}: {fault}")
    return made


def _made(content: Mapping[str, Any], *, digest: str) -> Definition:
    unknown_fields = set(content) - _FIELDS
    if unknown_fields:
        raise ValueError(f"fields {sorted(unknown_fields)}")
    clock, rounding = content["clock"], content["rounding"]
    return Definition(
        id=content["id"],
        version=content["version"],
        digest=digest,
        label_fr=content["label"]["fr"],
        label_en=content["label"]["en"],
        population_fr=content["population"]["fr"],
        population_en=content["population"]["en"],
        unit=Unit(content["unit"]),
        clock=Clock(clock["kind"]),
        wave=clock.get("wave"),
        exits=tuple(clock.get("exits", ())),
        numerator=_terms(content["numerator"]),
        denominator=_terms(content.get("denominator", ())),
        unknown=_terms(content.get("unknown", ())),
        excluded=_terms(content.get("excluded", ())),
        has_interval=content.get("interval") == "wilson",
        has_bounds=content.get("bounds", False),
        has_response=content.get("response", False),
        places=rounding["places"],
        places_from_1000=rounding.get("places_from_1000", rounding["places"]),
        disclosure=content["disclosure"],
        inherent=tuple(Letter(letter) for letter in content.get("flags", ())),
        filters=frozenset(content["filters"]),
        sources=tuple(content["sources"]),
        content=content,
    )


def _terms(written: Sequence[str]) -> tuple[Term, ...]:
    return tuple(_term(text) for text in written)


def _term(text: str) -> Term:
    found = _TERM.fullmatch(text)
    if not found:
        raise ValueError(f"term {text!r}")
    minus, count, audience, answer = found.groups()
    if audience is not None and audience not in AUDIENCES:
        raise ValueError(f"audience {audience!r}")
    return Term(count, None if audience is None else f"{audience}:{answer}", -1 if minus else 1)


def _faults(made: Definition) -> list[str]:
    tests = {
        "id": _ID.fullmatch(made.id),
        "version": _VERSION.fullmatch(made.version),
        "a wave has its number, nothing else has": (made.wave in WAVES) == (made.clock is Clock.WAVE),
        "exits": set(made.exits) <= set(EXIT_KINDS) and bool(made.exits) == (made.clock is Clock.WAVE),
        "counts of another clock": all(term.count in COUNTS[made.clock] for term in made.terms),
        "a share needs a denominator, a count has none": bool(made.denominator)
        == (made.unit is not Unit.COUNT),
        "heads stand alone": made.numerator == (Term("heads"),) or not _mentions(made, "heads"),
        "classes of jobs are those of completers": made.exits == ("completed",) or not _classes(made),
        "filters": made.filters <= _FILTERS,
        "disclosure": made.disclosure in {"D0", "D1", "D2", "D3"},
        "places": 0 <= made.places <= made.places_from_1000 <= 2,  # noqa: PLR2004 - no figure is finer
    }
    return [fault for fault, kept in tests.items() if not kept]


def _mentions(made: Definition, count: str) -> bool:
    return any(term.count == count for term in made.terms)


def _classes(made: Definition) -> bool:
    return any(term.count in {*JOB_CLASSES, "unclassified"} for term in made.terms)
