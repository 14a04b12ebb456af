"""One plausible fact of each event type, and the envelope it travels in."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from shared.events.envelope import Envelope, Fact
from shared.events.labelling import NetworkMember, Site, Suspension
from shared.platform.event_log import partition_of

_TRAINING = UUID("3f0c5a52-6a0a-5d7c-9a53-1d1f3f0b2a01")
_OTHER = UUID("3f0c5a52-6a0a-5d7c-9a53-1d1f3f0b2a02")
_ENROLMENT = UUID("0190c7a4-7c1e-4f4e-8a51-3b1d2c3e4f55")
_VALUES: dict[str, Any] = {
    "version": 3,
    "siren": "732829320",
    "holder": "732829320",
    "name": "Organisme de démonstration",
    "legal_status": "association",
    "sites": (
        Site(
            siret="73282932000074", name="Site", code_insee="75056", region="11", open_from=date(2015, 1, 1)
        ),
    ),
    "mandate_id": UUID("4a0c5a52-6a0a-5d7c-9a53-1d1f3f0b2a08"),
    "client_id": "editeur-01",
    "training_id": _TRAINING,
    "reference": "DEV-2016-01",
    "training_reference": "DEV-2016-01",
    "title": "Développement web",
    "trade_family": "development",
    "skill_group": "programming",
    "certification_kind": "titre_professionnel",
    "register_entry": "RNCP34126",
    "level": 5,
    "months": 7,
    "hours_inperson": 861,
    "hours_online": 189,
    "approaches": ("practice", "project_based"),
    "support": ("cv", "professional_project"),
    "innovative": True,
    "free_of_charge": True,
    "followup_six_months": True,
    "need_kinds": ("company",),
    "siret": "73282932000074",
    "code_insee": "75056",
    "region": "11",
    "label_id": UUID("5b0c5a52-6a0a-5d7c-9a53-1d1f3f0b2a03"),
    "decided_on": date(2016, 2, 3),
    "valid_from": date(2016, 2, 3),
    "valid_until": date(2019, 2, 2),
    "suspensions": (Suspension(since=date(2017, 1, 1), until=date(2017, 2, 1)),),
    "network_id": UUID("6c0c5a52-6a0a-5d7c-9a53-1d1f3f0b2a04"),
    "members": (NetworkMember(training_id=_TRAINING, since=date(2016, 2, 3)),),
    "bridge_id": UUID("7d0c5a52-6a0a-5d7c-9a53-1d1f3f0b2a05"),
    "from_training": _TRAINING,
    "to_training": _OTHER,
    "kind": "titre_professionnel",
    "departement": "75",
    "open_from": date(2016, 3, 1),
    "target_id": "learners-2017",
    "indicator": "trained_or_in_training",
    "value": 8600,
    "due_on": date(2017, 12, 31),
    "label_fr": "Apprenants formés ou en formation",
    "label_en": "Learners trained or in training",
    "session_id": UUID("8e0c5a52-6a0a-5d7c-9a53-1d1f3f0b2a06"),
    "starts_on": date(2016, 3, 1),
    "planned_end_on": date(2016, 7, 1),
    "coverage": "covered",
    "enrolment_id": _ENROLMENT,
    "learner_id": UUID("0190c7a4-7c1e-4f4e-8a51-3b1d2c3e4f56"),
    "entered_on": date(2016, 3, 1),
    "status": "completed",
    "ended_on": date(2016, 7, 1),
    "profile": {"women": "yes", "birth_year": 1994, "level": 4, "low_qualified": "yes", "qpv": "unknown"},
    "certification_id": UUID("9f0c5a52-6a0a-5d7c-9a53-1d1f3f0b2a07"),
    "result": "full",
    "exit_on": date(2016, 7, 1),
    "exit_kind": "completed",
    "waves": (
        {
            "wave": 6,
            "situation": "employed",
            "outcome": "permanent",
            "job_class": "non_precarious",
            "durable": True,
            "source": "administrative",
            "reference_on": "2016-11-02",
            "collected_on": "2017-01-15",
        },
    ),
    "mapping": "outcomes-1",
}
_BRIDGE_KIND = "next_level"


def example_of(event: type[Fact]) -> Fact:
    """A fact of this type with plausible values in its fields."""
    values = {name: _VALUES[name] for name in event.model_fields if name in _VALUES}
    if "bridge_id" in event.model_fields:
        values["kind"] = _BRIDGE_KIND
    return event.model_validate(values)


def envelope_of(fact: Fact) -> Envelope:
    """The fact as it would travel."""
    return Envelope(
        id=UUID("0190c7a4-7c1e-7f4e-8a51-3b1d2c3e4f57"),
        speaker=fact.TYPE.split(".", 1)[0],
        partition=partition_of(fact.aggregate_id),
        sequence=1234,
        epoch=UUID("0190c7a4-7c1e-4f4e-8a51-3b1d2c3e4f58"),
        type=fact.TYPE,
        aggregate_id=fact.aggregate_id,
        aggregate_version=fact.version,
        recorded_at=datetime(2026, 11, 23, 12, 0, tzinfo=UTC),
        data=fact.model_dump_json(),
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    )
