"""How a change is written as a request, and what the answer says of each of its items."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import httpx

from tests.faults.ledger import Content, Key
from tests.support.scenario import HOLDER, SIREN

FIRST_DAY, LAST_DAY = date(2016, 2, 3), date(2016, 6, 3)
"""Of the one session; ends lie on its last day or a few days after."""
_SAME = frozenset({"unchanged", "duplicate"})


@dataclass(frozen=True)
class Change:
    """One content under one key; for an outcome also the enrolment it is about."""

    key: Key
    content: Content
    enrolment: str | None = None


@dataclass(frozen=True, kw_only=True)
class Sending:
    """One request: changes of one kind, in bulk or one alone."""

    kind: str
    changes: Sequence[Change]
    bulk: bool
    number: int
    again: bool = False
    """All of it was accepted before: nothing may come of it."""


@dataclass(frozen=True, kw_only=True)
class Door:
    """Where a sending goes."""

    service: str
    client: str
    method: str
    path: str
    body: Any


def door_of(sending: Sending) -> Door:
    """The request of a sending."""
    if sending.kind == "outcome":
        body = {"lot": _lot(sending.number), "items": [_outcome(change) for change in sending.changes]}
        return Door(
            service="followup", client="france-travail", method="POST", path="/v1/outcomes", body=body
        )
    if sending.kind == "target":
        [change] = sending.changes
        path = f"/v1/targets/{change.key.reference}"
        return Door(service="labelling", client="label-office", method="PUT", path=path, body=_target(change))
    return _holders_door(sending)


def _holders_door(sending: Sending) -> Door:
    bodies = [
        _entry(change) if sending.kind == "entry" else dict(change.content) for change in sending.changes
    ]
    own, tail = f"/v1/holders/{SIREN}", "" if sending.kind == "entry" else "/end"
    if not sending.bulk:
        path = f"{own}/enrolments/{sending.changes[0].key.reference}{tail}"
        return Door(service="enrolment", client=HOLDER, method="PUT", path=path, body=bodies[0])
    path = f"{own}/enrolments" if sending.kind == "entry" else f"{own}/ends"
    items = [
        {"reference": change.key.reference, **body}
        for change, body in zip(sending.changes, bodies, strict=True)
    ]
    return Door(service="enrolment", client=HOLDER, method="POST", path=path, body={"items": items})


@dataclass(frozen=True)
class ItemAnswer:
    """What became of one change; `problem` when a rule was broken."""

    change: Change
    details: dict[str, str]
    problem: str | None = None
    held: bool = False
    """The answer says that it was so before."""


def answers_of(sending: Sending, answer: httpx.Response) -> list[ItemAnswer]:
    """The answer, change by change. Whoever said the same before must hear that it is the same."""
    if not answer.is_success:
        return [
            ItemAnswer(change, {}, f"{answer.status_code} {answer.text[:200]}") for change in sending.changes
        ]
    content = answer.json()
    results = content.get("results", [content])
    return [
        _answer(change, result, again=sending.again)
        for change, result in zip(sending.changes, results, strict=True)
    ]


def _answer(change: Change, result: Mapping[str, Any], *, again: bool) -> ItemAnswer:
    status = str(result.get("verdict") or result.get("status", ""))
    details = {name: str(result[name]) for name in ("enrolment_id",) if name in result}
    if status == "rejected":
        return ItemAnswer(change, details, f"rejected {result.get('errors')}")
    if again and change.key.kind != "target" and status not in _SAME:
        return ItemAnswer(change, details, f"the same again was {status}")
    return ItemAnswer(change, details, held=status in _SAME)


def page_of(change: Change) -> str | None:
    """Where a change can be looked up; None for what is only sent again."""
    if change.key.kind in {"entry", "end"}:
        return f"/v1/holders/{SIREN}/enrolments/{change.key.reference}"
    return None


def shows(page: Mapping[str, Any], change: Change) -> bool:
    """Whether a page shows the change as done."""
    held = {**page, "level": page["profile"]["level"], "kind": page["status"]}
    return all(held[name] == value for name, value in change.content.items())


def _entry(change: Change) -> dict[str, Any]:
    number = int(change.key.reference.removeprefix("E-"))
    return {
        "session": "S-1",
        "learner": {
            "reference": f"L-{number}",
            "birth_name": "Zyxw",
            "first_names": "Abcd",
            "birth_date": f"{1980 + number % 20}-0{1 + number % 9}-1{number % 10}",
            "sex": "female" if number % 2 else "male",
        },
        "entered_on": change.content["entered_on"],
        "profile": {
            "level": change.content["level"],
            "situation_before": "jobseeker",
            "qpv": "unknown",
            "zrr_frr": "unknown",
        },
    }


def _outcome(change: Change) -> dict[str, Any]:
    content = change.content
    line = {
        "reference": change.key.reference,
        "enrolment": change.enrolment,
        "kind": content["kind"],
        "collected_on": content["collected_on"],
    }
    if content["kind"] == "contract":
        return line | {"nature_dsn": "01", "starts_on": "2016-08-01"}
    return line | {"situation": "job_search", "observed_on": "2016-12-10"}


def _lot(number: int) -> dict[str, Any]:
    return {
        "reference": f"LOT-{number}",
        "period": {"from": "2016-06-01", "to": "2016-06-30"},
        "population": "leavers",
        "complete_to": "2017-01-31",
        "produced_on": "2017-02-01",
    }


def _target(change: Change) -> dict[str, Any]:
    return {
        "indicator": "trainings_labelled_cum",
        "value": change.content["value"],
        "due_on": "2017-12-31",
        "label": {"fr": "Objectif", "en": "Target"},
    }


def day_after(day: date, days: int) -> str:
    """A day of a story, as text."""
    return (day + timedelta(days=days)).isoformat()
