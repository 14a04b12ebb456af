"""Bodies and values that are right, from the replay of 2016: half of what is generated starts from them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from deploy.demo.bodies import enrolment, followup, labelling
from deploy.demo.fixture import Fixture
from tests.fuzz.clients import SIREN

Body = dict[str, Any]
FEW: Final = 5
_SUBJECT: Final = "reference"
_MANDATE: Final = {"client_id": "editeur-01", "valid_from": "2016-01-01", "valid_until": "2018-12-31"}


def bodies_of(fixture: Fixture, *, ids: Mapping[str, str]) -> dict[str, list[Body]]:
    """Right bodies, by operation. `ids` are the enrolment ids of the holder's references."""
    return _labelling(fixture) | _enrolment(fixture) | _followup(fixture, ids=ids)


def _labelling(fixture: Fixture) -> dict[str, list[Body]]:
    call, holders = fixture.call, labelling.holders_of(fixture)
    mine = [one for one in fixture.trainings if one.holder == SIREN][:FEW]
    applied = [labelling.application_item(one, call=call) for one in mine]
    asked = [one for one in fixture.applications if one.holder == SIREN][:FEW]
    submitted = [labelling.submission_item(one) for one in asked]
    decided = [labelling.decision_item(one) for one in asked]
    holder = next(one for one in fixture.holders if one.siren == SIREN)
    return {
        "declare_call": [labelling.call_body(call)],
        "declare_application": _without(applied, _SUBJECT),
        "declare_applications": [{"items": applied}],
        "submit_application": _without(submitted, _SUBJECT),
        "submit_applications": [{"items": submitted}],
        "record_decision": _without(decided[:1], _SUBJECT),
        "record_decisions": [{"items": decided}],
        "declare_network": [labelling.network_body(one, holders=holders) for one in fixture.networks[:FEW]],
        "declare_bridge": [labelling.bridge_body(one, holders=holders) for one in fixture.bridges[:FEW]],
        "set_target": [labelling.target_body(one) for one in fixture.targets],
        "declare_organisation": [labelling.organisation_body(holder)],
        "give_mandate": [_MANDATE],
        "revoke_mandate": [{"revoked_on": "2017-03-01"}],
        "declare_site": [labelling.site_body(one, call=call) for one in holder.sites],
    }


def _enrolment(fixture: Fixture) -> dict[str, list[Body]]:
    sessions = [enrolment.session_item(one) for one in fixture.sessions if one.holder == SIREN][:FEW]
    mine = [one for one in fixture.enrolments if one.key.holder == SIREN and one.ended_on][:FEW]
    entries = [enrolment.enrolment_item(one) for one in mine]
    ends = [enrolment.end_item(one) for one in mine]
    return {
        "declare_session": _without(sessions, _SUBJECT),
        "declare_sessions": [{"items": sessions}],
        "declare_enrolment": _without(entries, _SUBJECT),
        "declare_enrolments": [{"items": entries}],
        "declare_end": _without(ends, _SUBJECT),
        "declare_ends": [{"items": ends}],
    }


def _followup(fixture: Fixture, *, ids: Mapping[str, str]) -> dict[str, list[Body]]:
    by_key = {one.key: one for one in fixture.enrolments}
    known = {key: ids[key.reference] for key in by_key if key.holder == SIREN and key.reference in ids}
    lots = []
    for lot in (lot for phase in fixture.phases for lot in phase.lots):
        items = tuple(item for item in lot.items if item.observation.enrolment in known)
        if items:
            lots.append(followup.lot_body(_with_items(lot, items), ids=known))
    return {"push_outcomes": lots[:FEW]}


def _with_items(lot: Any, items: Sequence[Any]) -> Any:
    return replace(lot, items=tuple(items[:FEW]))


def _without(items: Sequence[Body], name: str) -> list[Body]:
    return [{key: value for key, value in item.items() if key != name} for item in items]
