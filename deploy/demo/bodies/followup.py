"""Bodies for followup: a lot with its lines."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from deploy.demo.fixture.model import EnrolmentKey
from deploy.demo.fixture.observations import (
    Contract,
    Item,
    Lot,
    Observation,
    Retraction,
    SearchedNotFound,
    SelfEmployment,
    Situation,
)

Body = dict[str, Any]
Ids = Mapping[EnrolmentKey, str]

_FIRST_DAY: Final = "01"


def lot_body(lot: Lot, *, ids: Ids) -> Body:
    """What was searched, and what was found."""
    return {
        "lot": {
            "reference": lot.reference,
            "period": {"from": f"{lot.period}-{_FIRST_DAY}", "to": f"{lot.complete_to}"},
            "population": f"{lot.population} leavers of {', '.join(lot.exit_months)}",
            "complete_to": f"{lot.complete_to}",
            "produced_on": f"{lot.complete_to}",
        },
        "items": [_line(item, ids=ids) for item in lot.items],
    }


def _line(item: Item, *, ids: Ids) -> Body:
    observation = item.observation
    line: Body = {
        "kind": observation.KIND,
        "reference": observation.reference,
        "collected_on": f"{observation.collected_on}",
    }
    # A retraction names the reference it takes back; whose it was, the service knows.
    if not isinstance(observation, Retraction):
        line["enrolment"] = ids[observation.enrolment]
    return line | _said(observation)


def _said(observation: Observation) -> Body:
    match observation:
        case Contract(nature_dsn=nature, planned_end_on=planned_end_on, employer_siret=siret):
            contract = {"nature_dsn": nature, "planned_end_on": _day(planned_end_on), "employer_siret": siret}
            return _spell(observation) | contract
        case SelfEmployment():
            return _spell(observation)
        case Situation(code=code, observed_on=observed_on):
            return {"situation": code, "observed_on": _day(observed_on)}
        case SearchedNotFound(observed_on=observed_on):
            return {"searched_on": _day(observed_on)}
        case Retraction():
            return {}


def _spell(observation: Contract | SelfEmployment) -> Body:
    return {"starts_on": _day(observation.starts_on), "ends_on": _day(observation.ends_on)}


def _day(day: date | None) -> str | None:
    return None if day is None else f"{day}"
