"""What labelling says, made from what it holds."""

from dataclasses import asdict

from services.labelling.domain.labels import ChangeKind, Label
from services.labelling.domain.mandates import Mandate
from services.labelling.domain.networks import Bridge, Network
from services.labelling.domain.organisations import Organisation
from services.labelling.domain.targets import Target
from services.labelling.domain.trainings import Training
from shared.events.labelling import (
    BridgeClosed,
    BridgeOpened,
    BridgeState,
    LabelGranted,
    LabelReinstated,
    LabelRevoked,
    LabelState,
    LabelSuspended,
    MandateGranted,
    MandateRevoked,
    NetworkChanged,
    OrganisationChanged,
    TargetSet,
    TrainingDescribed,
)

_LABEL_FACTS: dict[ChangeKind, type[LabelState]] = {
    ChangeKind.SUSPENDED: LabelSuspended,
    ChangeKind.REINSTATED: LabelReinstated,
    ChangeKind.REVOKED: LabelRevoked,
}


def organisation_changed(organisation: Organisation) -> OrganisationChanged:
    """An organisation with all its sites."""
    return OrganisationChanged.model_validate(asdict(organisation))


def training_described(training: Training) -> TrainingDescribed:
    """A labelled training; the language has no unknown for its three flags, so unknown is said as not declared."""
    content, site = training.content, training.site
    return TrainingDescribed(
        version=training.version,
        training_id=training.training_id,
        holder=training.holder,
        reference=training.reference,
        title=content.title,
        trade_family=content.trade_family,
        skill_group=content.skill_group,
        certification_kind=content.certification.kind.value,
        register_entry=content.certification.register_entry,
        level=content.certification.level,
        months=content.months,
        hours_inperson=content.hours_inperson,
        hours_online=content.hours_online,
        approaches=content.approaches,
        support=content.support,
        innovative=content.innovative is True,
        free_of_charge=content.free_of_charge is True,
        followup_six_months=content.followup_six_months is True,
        need_kinds=tuple(sorted({need.kind.value for need in content.needs})),
        siret=site.siret if site else None,
        code_insee=site.code_insee if site else None,
        region=site.region if site else None,
    )


def label_granted(label: Label) -> LabelGranted:
    """A new label."""
    return LabelGranted.model_validate(asdict(label))


def label_changed(label: Label, kind: ChangeKind) -> LabelState:
    """A label after an act on it."""
    return _LABEL_FACTS[kind].model_validate(asdict(label))


def mandate_granted(mandate: Mandate) -> MandateGranted:
    """A mandate that was given, or whose last day changed."""
    return MandateGranted.model_validate(asdict(mandate))


def mandate_revoked(mandate: Mandate) -> MandateRevoked:
    """A mandate that was taken back."""
    return MandateRevoked.model_validate(asdict(mandate))


def network_changed(network: Network) -> NetworkChanged:
    """A network with all its members."""
    return NetworkChanged.model_validate(asdict(network))


def bridge_stated(bridge: Bridge, *, closed: bool) -> BridgeState:
    """A bridge, opened or changed, or given its last day."""
    fact = BridgeClosed if closed else BridgeOpened
    return fact.model_validate(asdict(bridge))


def target_set(target: Target) -> TargetSet:
    """A target."""
    return TargetSet.model_validate({**asdict(target), "target_id": target.reference})
