"""What a holder declares of a training, and the facts that criteria may ask for."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from services.labelling.domain import refusals
from services.labelling.domain.criteria import FactValue
from services.labelling.domain.organisations import Site
from shared.kernel.errors import Invalid, Rule, Violation
from shared.kernel.identifiers import stable_id


class CertificationKind(StrEnum):
    """What a training prepares for."""

    TITRE_PROFESSIONNEL = "titre_professionnel"
    ATTESTATION = "attestation"
    DIPLOME = "diplome"
    NONE = "none"


class NeedKind(StrEnum):
    """Who has the need that a training answers."""

    COMPANY = "company"
    ADMINISTRATION = "administration"
    ASSOCIATION = "association"


@dataclass(frozen=True)
class Certification:
    """Kind, register entry and level are three facts."""

    kind: CertificationKind
    register_entry: str | None = None
    level: int | None = None


@dataclass(frozen=True)
class AudienceShares:
    """The shares a holder aims at, in percent of its learners; None is not declared."""

    women: int | None = None
    low_qualified: int | None = None
    neet: int | None = None
    qpv: int | None = None


@dataclass(frozen=True)
class Need:
    """A named need of an employer."""

    kind: NeedKind
    siret: str
    skill: str
    posts: int


@dataclass(frozen=True)
class Content:
    """The declared facts of a training; None is unknown and never false."""

    call: str
    title: str
    trade_family: str
    skill_group: str
    certification: Certification
    months: int
    hours_inperson: int
    hours_online: int
    siret: str | None = None
    approaches: tuple[str, ...] = ()
    support: tuple[str, ...] = ()
    innovative: bool | None = None
    free_of_charge: bool | None = None
    followup_six_months: bool | None = None
    insertion_objective_percent: int | None = None
    audience_shares: AudienceShares = AudienceShares()
    needs: tuple[Need, ...] = ()
    network: str | None = None
    site_in_qpv: bool | None = None
    online_only: bool = False


@dataclass(frozen=True)
class Training:
    """A labelled training at its site, with the facts it was labelled for."""

    training_id: UUID
    holder: str
    reference: str
    content: Content
    site: Site | None
    version: int = 1


def training_id_of(holder: str, reference: str) -> UUID:
    """A training keeps the reference of the application it was labelled by."""
    return stable_id("training", holder, reference)


def check_content(content: Content, *, site: Site | None) -> None:
    """A training is given at a declared site of its holder, or online only and then without one.

    Source: rule 4 (a label is for a training at a site); certification as three facts. Raises Invalid.
    """
    violations = (*_place_violations(content, site=site), *_shape_violations(content))
    if violations:
        raise Invalid.collect(violations)


def _place_violations(content: Content, *, site: Site | None) -> tuple[Violation, ...]:
    broken: Mapping[str, tuple[Rule, bool]]
    if content.online_only:
        broken = {
            "/siret": (refusals.SITE_NOT_EXPECTED, content.siret is not None),
            "/hours_inperson": (refusals.ONLINE_ONLY_HOURS, content.hours_inperson > 0),
        }
    else:
        rule = refusals.SITE_REQUIRED if content.siret is None else refusals.SITE_UNKNOWN
        broken = {"/siret": (rule, site is None)}
    return tuple(Violation(rule, pointer) for pointer, (rule, is_broken) in broken.items() if is_broken)


def _shape_violations(content: Content) -> tuple[Violation, ...]:
    violations = []
    if content.hours_inperson + content.hours_online == 0:
        violations.append(
            Violation(refusals.NO_HOURS, "/hours_inperson", "hours_inperson + hours_online >= 1")
        )
    certification = content.certification
    if certification.kind is CertificationKind.NONE and certification != Certification(
        CertificationKind.NONE
    ):
        violations.append(Violation(refusals.CERTIFICATION_EMPTY, "/certification"))
    return tuple(violations)


def as_document(content: Content) -> dict[str, Any]:
    """The declared facts as plain values: what is stored, and what a decision's digest is taken of."""
    # Not dataclasses.asdict, which copies every leaf and made half the time of a bulk call.
    return {
        **vars(content),
        "certification": vars(content.certification),
        "audience_shares": vars(content.audience_shares),
        "needs": [vars(need) for need in content.needs],
    }


def facts_of(content: Content) -> dict[str, FactValue]:
    """The declared facts under the names that criteria use.

    Source: architecture, criteria sets: closed operators over declared facts.
    """
    shares = content.audience_shares
    return {
        "free_of_charge": content.free_of_charge,
        "followup_six_months": content.followup_six_months,
        "innovative": content.innovative,
        "online_only": content.online_only,
        "site_in_qpv": content.site_in_qpv,
        "insertion_objective_percent": content.insertion_objective_percent,
        "months": content.months,
        "hours": content.hours_inperson + content.hours_online,
        "level": content.certification.level,
        "posts": sum(need.posts for need in content.needs),
        "share_women": shares.women,
        "share_low_qualified": shares.low_qualified,
        "share_neet": shares.neet,
        "share_qpv": shares.qpv,
        "trade_family": content.trade_family,
        "skill_group": content.skill_group,
        "certification_kind": content.certification.kind.value,
        "register_entry": content.certification.register_entry,
        "network": content.network,
        "approaches": content.approaches,
        "support": content.support,
        "needs": tuple(need.kind.value for need in content.needs),
    }
