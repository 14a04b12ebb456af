"""Bodies and views of networks, bridges and targets."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field

from services.labelling.domain.labels import Status
from services.labelling.domain.networks import (
    Bridge,
    BridgeKind,
    Member,
    Network,
    bridge_id_of,
    network_id_of,
)
from services.labelling.domain.targets import Indicator, Target
from services.labelling.domain.trainings import training_id_of
from services.labelling.schemas.words import Departement, Words
from shared.platform.edge.fields import Body, Count, IsoDate, LongText, Reference, Siren, Text, View

_BRIDGE: dict[str, Any] = {
    "from": {"holder": "732829320", "training": "FORM-001"},
    "to": {"holder": "732829320", "training": "FORM-002"},
    "kind": "next_level",
    "departement": "75",
    "conditions": "Entretien entre les deux équipes.",
    "open_from": "2016-03-01",
}


class MemberBody(Body):
    """A labelled training's membership; `application` is the reference it was labelled by."""

    holder: Siren
    application: Reference
    since: IsoDate
    until: IsoDate | None = None


class NetworkBody(Body):
    """A network with all its members."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "Réseau Alpha",
                "members": [{"holder": "732829320", "application": "FORM-001", "since": "2016-02-03"}],
            }
        }
    )

    name: Text
    members: Annotated[tuple[MemberBody, ...], Field(max_length=2000)] = ()

    def to_domain(self, reference: str) -> Network:
        """The network of that reference, members in the order given."""
        members = tuple(
            Member(training_id_of(held.holder, held.application), held.since, held.until)
            for held in self.members
        )
        return Network(reference, network_id_of(reference), self.name, members)


class MemberView(View):
    """A training's membership."""

    training_id: UUID
    holder: str
    application: str
    since: date
    until: date | None = None


class NetworkView(View):
    """A network as it stands."""

    reference: str
    network_id: UUID
    name: str
    members: list[MemberView]
    version: int


class TrainingKey(Body):
    """A labelled training: its holder and the reference it was labelled by."""

    holder: Siren
    training: Reference


class BridgeBody(Body):
    """A way from one training to another."""

    model_config = ConfigDict(json_schema_extra={"example": _BRIDGE})

    origin: Annotated[TrainingKey, Field(alias="from")]
    destination: Annotated[TrainingKey, Field(alias="to")]
    kind: BridgeKind
    departement: Departement
    conditions: LongText = ""
    open_from: IsoDate
    open_until: IsoDate | None = None

    def to_domain(self, reference: str) -> Bridge:
        """The bridge of that reference."""
        return Bridge(
            reference=reference,
            bridge_id=bridge_id_of(reference),
            from_training=training_id_of(self.origin.holder, self.origin.training),
            to_training=training_id_of(self.destination.holder, self.destination.training),
            kind=self.kind,
            departement=self.departement,
            conditions=self.conditions,
            open_from=self.open_from,
            open_until=self.open_until,
        )


class BridgeView(View):
    """A bridge as it stands."""

    reference: str
    bridge_id: UUID
    from_training: UUID
    to_training: UUID
    kind: BridgeKind
    departement: str
    zoning: str
    conditions: str
    open_from: date
    open_until: date | None = None
    version: int


class ReachableView(View):
    """A training that bridges lead to, by the shortest way."""

    training_id: UUID
    holder: str
    reference: str
    title: str
    region: str | None = None
    status: Status
    bridges: int
    path: list[UUID]


class ReachableListView(View):
    """Where bridges lead from a training at a date."""

    training_id: UUID
    on: date
    items: list[ReachableView]


class LabelText(Body):
    """What a reader sees, in both languages."""

    fr: Text
    en: Text


class TargetBody(Body):
    """A figure to reach by a date."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "indicator": "trainings_labelled_cum",
                "value": 400,
                "due_on": "2017-12-31",
                "label": {"fr": "400 formations fin 2017", "en": "400 trainings by the end of 2017"},
            }
        }
    )

    indicator: Indicator
    value: Annotated[Count, Field(ge=1)]
    due_on: IsoDate
    label: LabelText

    def to_domain(self, reference: str) -> Target:
        """The target of that reference."""
        return Target(reference, self.indicator, self.value, self.due_on, self.label.fr, self.label.en)


class TargetView(View):
    """A target as it stands."""

    reference: str
    indicator: Indicator
    value: int
    due_on: date
    label: Words
    version: int
