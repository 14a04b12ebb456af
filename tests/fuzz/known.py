"""What the replay of 2016 left behind: names that exist, by the parameter that takes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from deploy.demo.fixture import Fixture
from tests.fuzz.clients import HOLDER, SIREN, client_of
from tests.support.living_stack import SERVICES, LivingStack

Known = Mapping[str, Sequence[Any]]
"""Values that exist, by name of the parameter; a `reference` by the word before it in the path."""
FEW: Final = 6


async def ids_of(stack: LivingStack) -> dict[str, str]:
    """Enrolment ids of the holder's first references."""
    ask = _Asking(stack)
    held = await ask("enrolment", f"/v1/holders/{SIREN}/enrolments?limit=500", client=HOLDER)
    return {item["reference"]: item["enrolment_id"] for item in held["items"]}


async def known_of(stack: LivingStack, fixture: Fixture, *, ids: Mapping[str, str]) -> dict[str, Known]:
    """Values by service: some of the fixture, some that only the services can tell."""
    ask = _Asking(stack)
    register = await ask("labelling", "/v1/register?limit=200", client=client_of("labelling", ""))
    labels = [item for item in register["items"] if item["holder"]["siren"] == SIREN][:FEW]
    definitions = await ask("indicators", "/v1/definitions", client=client_of("indicators", ""))
    trainings = [one.reference for one in fixture.trainings if one.holder == SIREN][:FEW]
    names = {
        "siren": [SIREN],
        "holder": [SIREN],
        "mandates": [await _a_mandate(stack)],
        "siret": [site.siret for one in fixture.holders if one.siren == SIREN for site in one.sites],
        "name": ["gen-2016@1"],
        "code": ["unauthenticated", "bad_siren"],
        "calls": [fixture.call.reference],
        "applications": trainings,
        "training": trainings,
        "decisions": [one.replace("FORM", "DECISION") for one in trainings[:1]],
        "networks": [one.reference for one in fixture.networks[:FEW]],
        "bridges": [one.reference for one in fixture.bridges[:FEW]],
        "targets": [one.reference for one in fixture.targets],
        "sessions": [one.reference for one in fixture.sessions if one.holder == SIREN][:FEW],
        "enrolments": sorted(ids)[:FEW],
        "lots": [lot.reference for phase in fixture.phases for lot in phase.lots][:FEW],
        "label_id": [item["label_id"] for item in labels],
        "training_id": [item["training_id"] for item in labels],
        "enrolment_id": sorted(ids.values())[:FEW],
        "indicator": [item["id"] for item in definitions["items"]],
        "period": ["2016"],
        "as_of": ["2017-03-02"],
        "exit_month": ["2016-07", "2016-09"],
    }
    return {service: names | {"at_least": await _positions(ask, service)} for service in SERVICES}


async def _a_mandate(stack: LivingStack) -> str:
    """One that the holder gives: the year 2016 has none."""
    answer = await stack.http.put(
        f"{stack.url('labelling')}/v1/holders/{SIREN}/mandates/MANDATE-1",
        json={"client_id": "editeur-01", "valid_from": "2016-01-01", "valid_until": "2018-12-31"},
        headers=await stack.headers(HOLDER),
    )
    answer.raise_for_status()
    return str(answer.json()["reference"])


async def _positions(ask: "_Asking", service: str) -> list[str]:
    """Positions that the service has reached itself or heard."""
    view = await ask(service, "/v1/freshness", client=client_of(service, "/v1/events"))
    reached = {service: view["log"]} | {
        speaker: heard["positions"] for speaker, heard in view["heard"].items()
    }
    return [
        f"{speaker}/00/{positions['00']}" for speaker, positions in reached.items() if positions.get("00")
    ]


@dataclass(frozen=True)
class _Asking:
    stack: LivingStack

    async def __call__(self, service: str, path: str, *, client: str) -> dict[str, Any]:
        headers = await self.stack.headers(client)
        answer = await self.stack.http.get(f"{self.stack.url(service)}{path}", headers=headers)
        if not answer.is_success:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.text}")
        found: dict[str, Any] = answer.json()
        return found
