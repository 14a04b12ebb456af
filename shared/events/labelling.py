"""What labelling says: organisations, trainings, labels, networks, bridges, targets."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.events.envelope import Fact


class Site(BaseModel):
    """A place of an organisation, with the commune it stands in."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    siret: str
    name: str
    code_insee: str
    region: str
    open_from: date
    open_until: date | None = None


class OrganisationChanged(Fact):
    """An organisation was declared or changed."""

    TYPE: ClassVar[str] = "labelling.organisation.changed.v1"

    siren: str
    name: str
    legal_status: str
    sites: tuple[Site, ...] = ()
    ceased_on: date | None = None

    @property
    def aggregate_id(self) -> str:
        """Its SIREN."""
        return self.siren


class MandateState(Fact):
    """A client acts for an organisation between two days, the last one included, unless revoked before."""

    mandate_id: UUID
    holder: str
    client_id: str
    valid_from: date
    valid_until: date
    revoked_on: date | None = None
    """The first day on which it no longer acts."""

    @property
    def aggregate_id(self) -> str:
        """The mandate."""
        return str(self.mandate_id)


class MandateGranted(MandateState):
    """An organisation gave a client a mandate, or changed its last day."""

    TYPE: ClassVar[str] = "labelling.mandate.granted.v1"


class MandateRevoked(MandateState):
    """A mandate was taken back."""

    TYPE: ClassVar[str] = "labelling.mandate.revoked.v1"


class TrainingDescribed(Fact):
    """The declared facts of a labelled training, at its site."""

    TYPE: ClassVar[str] = "labelling.training.described.v1"

    training_id: UUID
    holder: str
    reference: str
    title: str
    trade_family: str
    skill_group: str
    certification_kind: str
    register_entry: str | None = None
    level: int | None = None
    months: int
    hours_inperson: int
    hours_online: int
    approaches: tuple[str, ...] = ()
    support: tuple[str, ...] = ()
    innovative: bool
    free_of_charge: bool
    followup_six_months: bool
    need_kinds: tuple[str, ...] = ()
    siret: str | None = None
    code_insee: str | None = None
    region: str | None = None

    @property
    def aggregate_id(self) -> str:
        """The training."""
        return str(self.training_id)


class Suspension(BaseModel):
    """A period without new starts; open while `until` is empty."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    since: date
    until: date | None = None


class LabelState(Fact):
    """A label as it stands: status at any date follows from its dates, expiry included."""

    label_id: UUID
    training_id: UUID
    holder: str
    training_reference: str
    decided_on: date
    valid_from: date
    valid_until: date
    """Last day of validity."""
    suspensions: tuple[Suspension, ...] = ()
    revoked_on: date | None = None
    renews: UUID | None = None

    @property
    def aggregate_id(self) -> str:
        """The label."""
        return str(self.label_id)


class LabelGranted(LabelState):
    """A committee granted the label."""

    TYPE: ClassVar[str] = "labelling.label.granted.v1"


class LabelSuspended(LabelState):
    """No new start from a date on."""

    TYPE: ClassVar[str] = "labelling.label.suspended.v1"


class LabelReinstated(LabelState):
    """A suspension ended."""

    TYPE: ClassVar[str] = "labelling.label.reinstated.v1"


class LabelRevoked(LabelState):
    """The label was withdrawn from a date on."""

    TYPE: ClassVar[str] = "labelling.label.revoked.v1"


class NetworkMember(BaseModel):
    """A training's dated membership of a network."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    training_id: UUID
    since: date
    until: date | None = None


class NetworkChanged(Fact):
    """A network of trainings was declared or its members changed."""

    TYPE: ClassVar[str] = "labelling.network.changed.v1"

    network_id: UUID
    name: str
    members: tuple[NetworkMember, ...] = ()

    @property
    def aggregate_id(self) -> str:
        """The network."""
        return str(self.network_id)


class BridgeState(Fact):
    """A way from one training to another, for a period."""

    bridge_id: UUID
    from_training: UUID
    to_training: UUID
    kind: str
    departement: str
    conditions: str = ""
    open_from: date
    open_until: date | None = None

    @property
    def aggregate_id(self) -> str:
        """The bridge."""
        return str(self.bridge_id)


class BridgeOpened(BridgeState):
    """A bridge was declared or changed, and is or will be open."""

    TYPE: ClassVar[str] = "labelling.bridge.opened.v1"


class BridgeClosed(BridgeState):
    """A bridge got its last day."""

    TYPE: ClassVar[str] = "labelling.bridge.closed.v1"


class TargetSet(Fact):
    """A figure the scheme is to reach by a date."""

    TYPE: ClassVar[str] = "labelling.target.set.v1"

    target_id: str
    indicator: str
    value: int
    due_on: date
    label_fr: str
    label_en: str

    @property
    def aggregate_id(self) -> str:
        """The target's own reference."""
        return self.target_id


EVENTS: tuple[type[Fact], ...] = (
    OrganisationChanged,
    MandateGranted,
    MandateRevoked,
    TrainingDescribed,
    LabelGranted,
    LabelSuspended,
    LabelReinstated,
    LabelRevoked,
    NetworkChanged,
    BridgeOpened,
    BridgeClosed,
    TargetSet,
)
