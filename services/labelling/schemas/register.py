"""Views of the public register."""

from datetime import date
from uuid import UUID

from services.labelling.domain.labels import Status
from services.labelling.schemas.application_views import CertificationView, SuspensionView
from shared.platform.edge.fields import View


class HolderView(View):
    """Who holds a label."""

    siren: str
    name: str
    legal_status: str


class RegisterSiteView(View):
    """Where a labelled training is given."""

    siret: str
    name: str
    code_insee: str
    region: str


class RegisterView(View):
    """A label in the public register, with its status at the date asked for."""

    label_id: UUID
    training_id: UUID
    holder: HolderView
    reference: str
    title: str
    trade_family: str
    skill_group: str
    certification: CertificationView
    months: int
    hours_inperson: int
    hours_online: int
    approaches: list[str]
    support: list[str]
    free_of_charge: bool | None = None
    online_only: bool
    site: RegisterSiteView | None = None
    networks: list[str]
    on: date
    status: Status
    decided_on: date
    valid_from: date
    valid_until: date
    suspensions: list[SuspensionView]
    revoked_on: date | None = None


class RegisterPage(View):
    """A part of the register at a date."""

    on: date
    items: list[RegisterView]
    next: str | None = None
