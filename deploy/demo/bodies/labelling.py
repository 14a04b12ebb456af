"""Bodies for labelling: organisations, the call, applications, decisions, networks, bridges, targets."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from deploy.demo.fixture import Fixture
from deploy.demo.fixture.model import Application, Bridge, Call, Holder, Network, Site, Target, Training

Body = dict[str, Any]

_SCHEME: Final = "gen"
_COMMITTEE: Final = "Jury national (démonstration)"


def call_body(call: Call) -> Body:
    """The call with its only intake."""
    return {
        "title": call.title,
        "scheme": _SCHEME,
        "opens_on": f"{call.opens_on}",
        "label_months": call.label_months,
        "criteria_set": call.criteria_set,
        "intakes": [
            {
                "reference": call.intake.reference,
                "opens_on": f"{call.intake.opens_on}",
                "closes_on": f"{call.intake.closes_on}",
            }
        ],
    }


def target_body(target: Target) -> Body:
    """A figure to reach."""
    return {
        "indicator": target.indicator,
        "value": target.value,
        "due_on": f"{target.due_on}",
        "label": {"fr": target.label_fr, "en": target.label_en},
    }


def organisation_body(holder: Holder) -> Body:
    """A training organisation."""
    return {"name": holder.name, "legal_status": holder.legal_status}


def site_body(site: Site, *, call: Call) -> Body:
    """A site, open since the call: nothing is published of earlier days."""
    return {"name": site.name, "code_insee": site.code_insee, "open_from": f"{call.opens_on}"}


def application_item(training: Training, *, call: Call) -> Body:
    """The application for a training: the training keeps its reference once it is labelled."""
    return {
        "reference": training.reference,
        "call": call.reference,
        "siret": training.siret,
        "title": training.title,
        "trade_family": training.trade_family,
        "skill_group": training.skill_group,
        "certification": asdict(training.certification),
        "months": training.months,
        "hours_inperson": training.hours_inperson,
        "hours_online": training.hours_online,
        "approaches": list(training.approaches),
        "support": list(training.support),
        "innovative": training.innovative,
        "free_of_charge": training.free_of_charge,
        "followup_six_months": training.followup_six_months,
        "insertion_objective_percent": training.insertion_objective,
        "audience_shares": asdict(training.audience),
        "needs": [asdict(need) for need in training.needs],
    }


def submission_item(application: Application) -> Body:
    """The act of submitting."""
    return {
        "reference": application.training,
        "intake": application.intake,
        "submitted_on": f"{application.submitted_on}",
    }


def decision_item(application: Application) -> Body:
    """A grant of the committee."""
    return {
        "reference": application.training.replace("FORM", "DECISION"),
        "holder": application.holder,
        "application": application.training,
        "outcome": "granted",
        "decided_on": f"{application.decided_on}",
        "committee": _COMMITTEE,
        "reasons": [],
    }


def network_body(network: Network, *, holders: Mapping[str, str]) -> Body:
    """A network with all its members."""
    return {
        "name": network.name,
        "members": [
            {"holder": holders[training], "application": training, "since": f"{network.since}"}
            for training in network.trainings
        ],
    }


def bridge_body(bridge: Bridge, *, holders: Mapping[str, str]) -> Body:
    """A way from a training to another."""
    return {
        "from": {"holder": holders[bridge.from_training], "training": bridge.from_training},
        "to": {"holder": holders[bridge.to_training], "training": bridge.to_training},
        "kind": bridge.kind,
        "departement": bridge.departement,
        "conditions": bridge.conditions,
        "open_from": f"{bridge.open_from}",
    }


def holders_of(fixture: Fixture) -> dict[str, str]:
    """The holder of each training."""
    return {training.reference: training.holder for training in fixture.trainings}
