"""From the nature of a contract to an outcome, and whether the job is durable."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, NamedTuple

from services.followup.domain.observations import Statement
from services.followup.domain.outcomes import Durability
from services.followup.domain.refusals import PLANNED_END_MISSING, UNKNOWN_NATURE
from shared.kernel.dates import add_months
from shared.kernel.errors import Violation

DURABLE_MONTHS: Final = 6
FIXED_TERM: Final = "fixed_term"
OTHER_CONTRACT: Final = "other_contract"
OWN_BUSINESS: Final = "own_business"
INTERNSHIP: Final = "internship"


@dataclass(frozen=True, slots=True)
class Nature:
    """What a nature of contract stands for."""

    outcome: str
    """Code of the outcome list, or `fixed_term`."""
    durability: Durability


@dataclass(frozen=True)
class Natures:
    """A version of the mapping. Source: DSN technical specification, field S21.G00.40.007."""

    version: str
    by_code: Mapping[str, Nature]


class Classified(NamedTuple):
    """The outcome a contract stands for, and what its reporter should know."""

    outcome: str
    durable: bool | None
    warnings: tuple[Violation, ...] = ()


_UNKNOWN: Final = Nature(OTHER_CONTRACT, Durability.BY_LENGTH)
_NATURE_WARNING: Final = Violation(UNKNOWN_NATURE, "/nature_dsn")
_LENGTH_WARNING: Final = Violation(PLANNED_END_MISSING, "/planned_end_on", "YYYY-MM-DD")


def lasts_six_months(starts_on: date, ends_on: date) -> bool:
    """Six calendar months or more, exactly six included: 31 January to 30 July lasts, to 29 July does not.

    Source: the durable convention of jobseeker statistics; `ends_on` is the last day worked.
    """
    return ends_on + timedelta(days=1) >= add_months(starts_on, DURABLE_MONTHS)


def classify(contract: Statement, natures: Natures) -> Classified:
    """The outcome of a contract by its nature, its scheme and its planned length.

    The planned end decides; the real one only where no plan is known. A fixed term of unknown length is neither
    short nor long. Source: DSN nature of contract; durable employment in the sense of IAE.
    """
    known = natures.by_code.get(contract.nature_dsn or "")
    nature = known or _UNKNOWN
    warnings = () if known else (_NATURE_WARNING,)
    end = contract.planned_end_on or contract.ends_on
    lasting = None if end is None or contract.starts_on is None else lasts_six_months(contract.starts_on, end)
    if nature.outcome == INTERNSHIP:
        return Classified(INTERNSHIP, None, warnings)
    durable = nature.durability.judge(lasting)
    if contract.scheme is not None:
        return Classified(contract.scheme.value, durable, warnings)
    if nature.outcome != FIXED_TERM:
        return Classified(nature.outcome, durable, warnings)
    if lasting is None:
        return Classified(OTHER_CONTRACT, None, (*warnings, _LENGTH_WARNING))
    return Classified("fixed_ge6" if lasting else "fixed_lt6", lasting, warnings)
