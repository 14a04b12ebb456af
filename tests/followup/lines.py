"""Exits, lines and lots, as the tests of followup write them."""

from datetime import date
from typing import Any
from uuid import UUID

from shared.events.enrolment import (
    EnrolmentAbandoned,
    EnrolmentCancelled,
    EnrolmentCompleted,
    EnrolmentEntered,
    EnrolmentInterrupted,
    EnrolmentState,
    EnrolmentTransferred,
)
from shared.kernel.identifiers import stable_id

HOLDER, OTHER_HOLDER = "000000018", "000000026"
REPORTER = "france-travail"
EVERYTHING = "outcomes:write outcomes:read followup:backfill"
_KINDS: dict[str, type[EnrolmentState]] = {
    "in_training": EnrolmentEntered,
    "completed": EnrolmentCompleted,
    "abandoned": EnrolmentAbandoned,
    "transferred": EnrolmentTransferred,
    "interrupted": EnrolmentInterrupted,
    "cancelled": EnrolmentCancelled,
}


def enrolment_id(name: str) -> UUID:
    return stable_id("enrolment", HOLDER, name)


def enrolment(
    name: str = "ada",
    *,
    status: str = "completed",
    ended_on: str | None = "2016-03-15",
    version: int = 2,
    **more: Any,
) -> EnrolmentState:
    """The state of an enrolment of March 2016: waves on 15 June and 15 September."""
    kind = more.pop("kind", None) or _KINDS[status]
    content = {
        "version": version,
        "enrolment_id": enrolment_id(name),
        "learner_id": stable_id("learner", name),
        "holder": HOLDER,
        "training_id": stable_id("training", HOLDER, "web"),
        "session_id": stable_id("session", HOLDER, "s1"),
        "coverage": "covered",
        "entered_on": date(2015, 12, 1),
        "planned_end_on": date(2016, 3, 15),
        "status": status,
        "ended_on": ended_on,
    }
    return kind.model_validate(content | more)


def in_training(name: str = "ada", *, version: int = 1) -> EnrolmentState:
    return enrolment(name, status="in_training", ended_on=None, version=version)


def _line(kind: str, reference: str, *, name: str, collected_on: str, **more: Any) -> dict[str, Any]:
    line = {
        "kind": kind,
        "reference": reference,
        "enrolment": str(enrolment_id(name)),
        "collected_on": collected_on,
    } | more
    return {key: value for key, value in line.items() if value is not None}


def contract(reference: str = "FT-1", *, name: str = "ada", **more: Any) -> dict[str, Any]:
    """A permanent job from May on: it covers both waves."""
    values = {"nature_dsn": "01", "starts_on": "2016-05-02", "collected_on": "2016-06-20"} | more
    return _line("contract", reference, name=name, **values)


def situation(reference: str = "FT-2", *, name: str = "ada", **more: Any) -> dict[str, Any]:
    """Looking for a job, five days after the first anniversary."""
    values = {"situation": "job_search", "observed_on": "2016-06-20", "collected_on": "2016-06-21"} | more
    return _line("situation", reference, name=name, **values)


def searched(reference: str = "FT-3", *, name: str = "ada", **more: Any) -> dict[str, Any]:
    values = {"searched_on": "2016-06-20", "collected_on": "2016-06-20"} | more
    return _line("searched_not_found", reference, name=name, **values)


def retraction(reference: str = "FT-1", *, collected_on: str = "2016-07-01") -> dict[str, Any]:
    return {"kind": "retraction", "reference": reference, "collected_on": collected_on}


def lot(*items: Any, **head: Any) -> dict[str, Any]:
    values = {
        "reference": "LOT-1",
        "period": {"from": "2016-06-01", "to": "2016-06-30"},
        "population": "leavers of March",
        "complete_to": "2016-06-30",
        "produced_on": "2016-07-02",
    }
    return {"lot": values | head, "items": list(items)}


def verdicts(results: list[dict[str, Any]]) -> list[str]:
    return [result["status"] for result in results]


def whys(result: dict[str, Any]) -> list[str]:
    """Why a line counts or not, wave by wave."""
    return [wave["why"] for wave in result["waves"]]
