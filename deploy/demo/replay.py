"""The label office and the holders act: labels first, then sessions, entries and ends."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from deploy.demo.bodies import enrolment, labelling
from deploy.demo.callers import at_once
from deploy.demo.cast import Cast
from deploy.demo.fixture.model import Enrolment, EnrolmentKey, Holder
from deploy.demo.settle import until_reached

Body = Mapping[str, Any]

_LABELLING: Final = "labelling"
_ENROLMENT: Final = "enrolment"


@dataclass(frozen=True)
class _Declaration:
    """What every holder sends to one collection of its own: pairs of the holder and an item."""

    name: str
    service: str
    collection: str
    items: Sequence[tuple[str, Body]]


async def label(cast: Cast) -> None:
    """From the call to the labels, with the networks and bridges between them."""
    year, call = cast.fixture, cast.fixture.call
    applications = [(one.holder, labelling.application_item(one, call=call)) for one in year.trainings]
    submissions = [(one.holder, labelling.submission_item(one)) for one in year.applications]
    await _put_call_and_targets(cast)
    await _put_organisations(cast)
    await _declare(cast, _Declaration("applications", _LABELLING, "applications", applications))
    await _declare(cast, _Declaration("submissions", _LABELLING, "submissions", submissions))
    with cast.steps.step("decisions", total=len(year.applications)):
        decisions = [labelling.decision_item(one) for one in year.applications]
        await cast.office.declare(_LABELLING, "/v1/decisions", items=decisions)
    await _put_networks_and_bridges(cast)


async def train(cast: Cast) -> None:
    """Sessions, entries and ends; the late exits are left for later."""
    year, late = cast.fixture, set(cast.fixture.late_exits)
    ended = [one for one in year.enrolments if one.ended_on is not None and one.key not in late]
    sessions = [(one.holder, enrolment.session_item(one)) for one in year.sessions]
    entries = [(one.key.holder, enrolment.enrolment_item(one)) for one in year.enrolments]
    # A session could wait for its label; the demonstration shows the usual case, in which it need not.
    await until_reached(cast.watcher, listener=_ENROLMENT, positions=_said_by(_LABELLING, cast=cast))
    await _declare(cast, _Declaration("sessions", _ENROLMENT, "sessions", sessions))
    await _declare(cast, _Declaration("entries", _ENROLMENT, "enrolments", entries))
    await _declare(cast, _ends("ends", ended))


async def end_late(cast: Cast) -> None:
    """The exits about which the reporter has already spoken."""
    held = _by_key(cast)
    await _declare(cast, _ends("late ends", [held[key] for key in cast.fixture.late_exits]))


async def late_ids(cast: Cast) -> dict[EnrolmentKey, str]:
    """Enrolment ids of the late exits, handed over by their holders: on a roster are only those who left."""
    holders = {holder.siren: holder for holder in cast.fixture.holders}

    async def ask(key: EnrolmentKey) -> str:
        path = f"/v1/holders/{key.holder}/enrolments/{key.reference}"
        held = await cast.client_of(holders[key.holder]).get(_ENROLMENT, path)
        return str(held["enrolment_id"])

    late = cast.fixture.late_exits
    return dict(zip(late, await at_once(ask, over=late), strict=True))


def _ends(name: str, ended: Iterable[Enrolment]) -> _Declaration:
    items = [(one.key.holder, enrolment.end_item(one)) for one in ended]
    return _Declaration(name, _ENROLMENT, "ends", items)


def _by_key(cast: Cast) -> dict[EnrolmentKey, Enrolment]:
    return {one.key: one for one in cast.fixture.enrolments}


def _said_by(service: str, *, cast: Cast) -> dict[str, dict[str, int]]:
    return {speaker: reached for speaker, reached in cast.line.reached.items() if speaker == service}


async def _put_call_and_targets(cast: Cast) -> None:
    call, targets = cast.fixture.call, cast.fixture.targets
    puts = [(f"/v1/calls/{call.reference}", labelling.call_body(call))]
    puts += [(f"/v1/targets/{one.reference}", labelling.target_body(one)) for one in targets]
    await _put_as_office(cast, "call and targets", puts=puts)


async def _put_networks_and_bridges(cast: Cast) -> None:
    year, holders = cast.fixture, labelling.holders_of(cast.fixture)
    puts = [
        (f"/v1/networks/{one.reference}", labelling.network_body(one, holders=holders))
        for one in year.networks
    ]
    puts += [
        (f"/v1/bridges/{one.reference}", labelling.bridge_body(one, holders=holders)) for one in year.bridges
    ]
    await _put_as_office(cast, "networks and bridges", puts=puts)


async def _put_as_office(cast: Cast, name: str, *, puts: list[tuple[str, dict[str, Any]]]) -> None:
    with cast.steps.step(name, total=len(puts)) as advance:
        for path, body in puts:
            await cast.office.put(_LABELLING, path, body=body)
            advance(1)


async def _put_organisations(cast: Cast) -> None:
    holders, call = cast.fixture.holders, cast.fixture.call

    with cast.steps.step(
        "organisations and sites", total=sum(1 + len(one.sites) for one in holders)
    ) as advance:

        async def put(holder: Holder) -> None:
            client = cast.client_of(holder)
            body = labelling.organisation_body(holder)
            await client.put(_LABELLING, f"/v1/organisations/{holder.siren}", body=body)
            for site in holder.sites:
                path = f"/v1/holders/{holder.siren}/sites/{site.siret}"
                await client.put(_LABELLING, path, body=labelling.site_body(site, call=call))
            advance(1 + len(holder.sites))

        await at_once(put, over=holders)


async def _declare(cast: Cast, declaration: _Declaration) -> None:
    """Each holder its own items, several holders at a time."""
    by_holder: dict[str, list[Body]] = {}
    for siren, item in declaration.items:
        by_holder.setdefault(siren, []).append(item)
    with cast.steps.step(declaration.name, total=len(declaration.items)) as advance:

        async def send(holder: Holder) -> None:
            items = by_holder.get(holder.siren, [])
            path = f"/v1/holders/{holder.siren}/{declaration.collection}"
            await cast.client_of(holder).declare(declaration.service, path, items=items)
            advance(len(items))

        await at_once(send, over=cast.fixture.holders)
