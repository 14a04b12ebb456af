"""Views of applications with their evaluation and decision."""

from datetime import date
from uuid import UUID

from services.labelling.domain.applications import State
from services.labelling.domain.criteria import Kind, Operator, Result
from services.labelling.domain.decisions import Outcome
from services.labelling.domain.labels import ChangeKind
from services.labelling.domain.trainings import CertificationKind, NeedKind
from services.labelling.schemas.words import Words
from shared.platform.edge.fields import View


class CertificationView(View):
    """What a training prepares for."""

    kind: CertificationKind
    register_entry: str | None = None
    level: int | None = None


class AudienceSharesView(View):
    """Shares aimed at, in percent; null is unknown."""

    women: int | None = None
    low_qualified: int | None = None
    neet: int | None = None
    qpv: int | None = None


class NeedView(View):
    """A named need of an employer."""

    kind: NeedKind
    siret: str
    skill: str
    posts: int


class ContentView(View):
    """What a holder declared of a training."""

    call: str
    siret: str | None = None
    title: str
    trade_family: str
    skill_group: str
    certification: CertificationView
    months: int
    hours_inperson: int
    hours_online: int
    approaches: list[str]
    support: list[str]
    innovative: bool | None = None
    free_of_charge: bool | None = None
    followup_six_months: bool | None = None
    insertion_objective_percent: int | None = None
    audience_shares: AudienceSharesView
    needs: list[NeedView]
    network: str | None = None
    site_in_qpv: bool | None = None
    online_only: bool


class FlipView(View):
    """The nearest value that turns the result over, and its distance from the declared one."""

    to: int
    change: int | None = None


class FindingView(View):
    """What the declared facts say about one criterion."""

    criterion: str
    kind: Kind
    text: Words
    result: Result
    fact: str
    operator: Operator
    threshold: int | list[str] | None = None
    evidence: bool | int | str | list[str] | None = None
    flip: FlipView | None = None


class EvaluationView(View):
    """What the declared facts say; a preview until the application is submitted."""

    criteria_set: str
    preview: bool
    failed_eligibility: list[str]
    findings: list[FindingView]


class ReasonView(View):
    """Why a committee decided so."""

    code: str
    text: str


class DecisionView(View):
    """A committee's decision and its place in the chain."""

    number: int
    reference: str
    holder: str
    application: str
    outcome: Outcome
    decided_on: date
    committee: str
    reasons: list[ReasonView]
    criteria_set: str | None = None
    content_digest: str
    previous_hash: str
    hash: str
    label_id: UUID | None = None
    training_id: UUID | None = None


class VerificationView(View):
    """Whether the chain of decisions holds."""

    valid: bool
    decisions: int
    head: str
    first_broken: int | None = None


class ChangeView(View):
    """An act of the office on a label."""

    reference: str
    kind: ChangeKind
    effective_on: date
    reason: str


class SuspensionView(View):
    """A period without new starts: first day, and last day once it is known."""

    since: date
    until: date | None = None


class LabelView(View):
    """A label with the acts on it, as its holder and the office see it."""

    label_id: UUID
    training_id: UUID
    holder: str
    training_reference: str
    decided_on: date
    valid_from: date
    valid_until: date
    suspensions: list[SuspensionView]
    revoked_on: date | None = None
    version: int
    changes: list[ChangeView]


class ApplicationView(View):
    """An application as its holder and the office see it."""

    holder: str
    reference: str
    state: State
    version: int
    content: ContentView
    intake: str | None = None
    submitted_on: date | None = None
    withdrawn_on: date | None = None
    evaluation: EvaluationView
    decision: DecisionView | None = None
    label: LabelView | None = None


class ApplicationSummaryView(View):
    """An application in a list."""

    reference: str
    call: str
    title: str
    siret: str | None = None
    state: State
    submitted_on: date | None = None
    failed_eligibility: list[str]
    version: int
