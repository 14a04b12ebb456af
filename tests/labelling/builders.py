"""Bodies that labelling accepts, and the steps that lead from an organisation to its labels."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import httpx

from services.labelling.domain.trainings import (
    AudienceShares,
    Certification,
    CertificationKind,
    Content,
    Need,
    NeedKind,
)
from tests.support.under_test import ServiceUnderTest

HOLDER = "000000018"
OTHER_HOLDER = "000000026"
SITE = "00000001800010"
OTHER_SITE = "00000001800028"
SITE_OF_OTHER_HOLDER = "00000002600013"
EMPLOYER = "73282932000074"
CALL = "appel-2015"
SUBMITTED_ON = "2015-10-12"
DECIDED_ON = "2016-02-03"

HOLDER_SCOPES = "labelling:apply labelling:read labelling:backfill"
OFFICE_SCOPES = "labelling:office labelling:apply labelling:read labelling:backfill"

_CALL: dict[str, Any] = {
    "title": "Premier appel",
    "scheme": "gen",
    "opens_on": "2015-09-14",
    "criteria_set": "gen-2016@1",
    "intakes": [
        {"reference": "releve-1", "opens_on": "2015-09-14", "closes_on": "2015-10-19"},
        {"reference": "releve-2", "opens_on": "2015-11-01", "closes_on": "2015-11-30"},
    ],
}
_APPLICATION: dict[str, Any] = {
    "call": CALL,
    "siret": SITE,
    "title": "Développement web",
    "trade_family": "development",
    "skill_group": "programming_development",
    "certification": {"kind": "titre_professionnel", "register_entry": "RNCP34126", "level": 5},
    "months": 7,
    "hours_inperson": 860,
    "hours_online": 190,
    "approaches": ["practice", "project_based"],
    "support": ["cv", "professional_project"],
    "innovative": True,
    "free_of_charge": True,
    "followup_six_months": True,
    "insertion_objective_percent": 70,
    "audience_shares": {"women": 25, "low_qualified": 60, "qpv": 20},
    "needs": [{"kind": "company", "siret": EMPLOYER, "skill": "programmation", "posts": 3}],
}


def a_call(**changes: Any) -> dict[str, Any]:
    """A call's body."""
    return {**deepcopy(_CALL), **changes}


def an_application(**changes: Any) -> dict[str, Any]:
    """An application's body that meets every eligibility criterion; a change to None leaves the field out."""
    body = {**deepcopy(_APPLICATION), **changes}
    return {name: value for name, value in body.items() if value is not None}


def a_content(**changes: Any) -> Content:
    """The same as a domain value."""
    values: dict[str, Any] = {
        "call": CALL,
        "siret": SITE,
        "title": "Développement web",
        "trade_family": "development",
        "skill_group": "programming_development",
        "certification": Certification(CertificationKind.TITRE_PROFESSIONNEL, "RNCP34126", 5),
        "months": 7,
        "hours_inperson": 860,
        "hours_online": 190,
        "support": ("cv",),
        "free_of_charge": True,
        "followup_six_months": True,
        "insertion_objective_percent": 70,
        "audience_shares": AudienceShares(women=25),
        "needs": (Need(NeedKind.COMPANY, EMPLOYER, "programmation", 3),),
    }
    return Content(**{**values, **changes})


def a_decision(application: str, /, **changes: Any) -> dict[str, Any]:
    """A grant's body."""
    body = {
        "holder": HOLDER,
        "application": application,
        "outcome": "granted",
        "decided_on": DECIDED_ON,
        "committee": "Jury national",
    }
    return {**body, **changes}


class Scene:
    """A labelling service with a call, a holder and its clients."""

    def __init__(self, service: ServiceUnderTest) -> None:
        self.service = service
        self.office = service.client(OFFICE_SCOPES, subject="label-office")
        self.holder = service.client(HOLDER_SCOPES, org=HOLDER)
        self.stranger = service.client(HOLDER_SCOPES, org=OTHER_HOLDER)
        self.public = service.client()

    async def begin(self) -> "Scene":
        """A call, an organisation with two sites."""
        await ok(self.office.put(f"/v1/calls/{CALL}", json=a_call()))
        await self.settle(HOLDER, SITE, OTHER_SITE)
        return self

    async def settle(self, siren: str, *sirets: str) -> None:
        """An organisation and its sites, the first in Paris, the others in Nantes."""
        body = {"name": f"Organisme {siren}", "legal_status": "association"}
        await ok(self.office.put(f"/v1/organisations/{siren}", json=body))
        for index, siret in enumerate(sirets):
            site = {
                "name": "Fabrique",
                "code_insee": "44109" if index else "75056",
                "open_from": "2015-01-01",
            }
            await ok(self.office.put(f"/v1/holders/{siren}/sites/{siret}", json=site))

    async def label(self, *references: str, **changes: Any) -> list[dict[str, Any]]:
        """Labelled trainings of the holder; gives the results of the decisions."""
        items = [an_application(reference=reference, **changes) for reference in references]
        await self.bulk("applications", items)
        await self.bulk(
            "submissions",
            [{"reference": name, "intake": "releve-1", "submitted_on": SUBMITTED_ON} for name in references],
        )
        decisions = [a_decision(name, reference=f"DEC-{name}") for name in references]
        answer = await ok(self.office.post("/v1/decisions", json={"items": decisions}))
        return list(answer["results"])

    async def bulk(self, collection: str, items: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """A bulk call of the holder."""
        return await ok(self.holder.post(f"/v1/holders/{HOLDER}/{collection}", json={"items": items}))

    async def submitted(self, reference: str, **changes: Any) -> dict[str, Any]:
        """One application declared and submitted, as the holder reads it."""
        path = f"/v1/holders/{HOLDER}/applications/{reference}"
        await ok(self.holder.put(path, json=an_application(**changes)))
        body = {"intake": "releve-1", "submitted_on": SUBMITTED_ON}
        return await ok(self.holder.put(f"{path}/submission", json=body))


async def ok(call: Any) -> dict[str, Any]:
    """The body of an answer that must be a success."""
    answer: httpx.Response = await call
    assert answer.is_success, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def refused(call: Any, *, status: int) -> tuple[str, list[tuple[str, str]]]:
    """Code and (pointer, code) pairs of an answer that must be this refusal."""
    answer: httpx.Response = await call
    assert answer.status_code == status, answer.text
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    return problem["code"], [(each["pointer"], each["code"]) for each in problem.get("errors", [])]
