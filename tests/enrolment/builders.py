"""Small words for the tests of enrolment: labels as heard, declarations as sent."""

from datetime import date
from typing import Any
from uuid import UUID

import httpx

from shared.events.labelling import LabelGranted, LabelState, Suspension
from shared.kernel.identifiers import stable_id
from tests.support.under_test import ServiceUnderTest

HOLDER = "000000018"
OTHER_HOLDER = "000000026"
TRAINING = "FORM-042"
LABEL = UUID("7a1c0000-0000-4000-8000-000000000001")
NIR = "295109912611193"


def training_id(reference: str = TRAINING, *, holder: str = HOLDER) -> UUID:
    return stable_id("training", holder, reference)


def label(kind: type[LabelState] = LabelGranted, *, training: str = TRAINING, **values: Any) -> LabelState:
    """A label of the holder, valid from 3 February 2016 to 2 February 2019."""
    return kind.model_validate(
        {
            "version": 1,
            "label_id": stable_id("label", training),
            "training_id": training_id(training),
            "holder": HOLDER,
            "training_reference": training,
            "decided_on": date(2016, 2, 3),
            "valid_from": date(2016, 2, 3),
            "valid_until": date(2019, 2, 2),
            **values,
        }
    )


def suspended(since: str, until: str | None = None) -> tuple[Suspension, ...]:
    return (Suspension(since=date.fromisoformat(since), until=date.fromisoformat(until) if until else None),)


def session(**values: Any) -> dict[str, Any]:
    return {"training": TRAINING, "starts_on": "2016-03-01", "planned_end_on": "2016-09-30"} | values


def learner(**values: Any) -> dict[str, Any]:
    return {
        "reference": "APP-1",
        "birth_name": "Quidamme",
        "first_names": "Horizelle",
        "birth_date": "1994-05-17",
        "sex": "female",
        "birth_code_insee": "75056",
        "email": "horizelle@example.org",
        "france_travail_number": "00012345678",
        "address_basis": "address",
    } | values


def profile(**values: Any) -> dict[str, Any]:
    return {
        "level": 4,
        "situation_before": "jobseeker",
        "qpv": "yes",
        "zoning": "qpv_2014",
        "residence_code_insee": "93066",
    } | values


def entry(**values: Any) -> dict[str, Any]:
    return {
        "session": "S-1",
        "learner": learner(),
        "entered_on": "2016-03-01",
        "profile": profile(),
    } | values


def completed(**values: Any) -> dict[str, Any]:
    return {"kind": "completed", "ended_on": "2016-09-30"} | values


class Holder:
    """A holder's client, with the paths of what it declares."""

    def __init__(self, enrolment: ServiceUnderTest, *, siren: str = HOLDER, backfill: bool = True) -> None:
        scope = "enrolment:write enrolment:read" + " enrolment:backfill" * backfill
        self._client = enrolment.client(scope, org=siren)
        self._root = f"/v1/holders/{siren}"

    async def put(self, path: str, body: dict[str, Any]) -> httpx.Response:
        return await self._client.put(f"{self._root}/{path}", json=body)

    async def post(self, path: str, items: list[dict[str, Any]]) -> httpx.Response:
        return await self._client.post(f"{self._root}/{path}", json={"items": items})

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self._client.get(f"{self._root}/{path}", params=query)

    async def delete(self, path: str) -> httpx.Response:
        return await self._client.delete(f"{self._root}/{path}")

    async def enter(self, reference: str = "INS-1", **values: Any) -> httpx.Response:
        """Declare an entry, with a session before it when there is none."""
        return await self.put(f"enrolments/{reference}", entry(**values))


def refusal(answer: httpx.Response) -> tuple[int, str, str | None]:
    """Status, code and pointer of a problem."""
    problem = answer.json()
    errors = problem.get("errors") or [{"code": problem["code"], "pointer": None}]
    return answer.status_code, errors[0]["code"], errors[0]["pointer"]


def verdicts(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 207, answer.text
    return [result["status"] for result in answer.json()["results"]]
