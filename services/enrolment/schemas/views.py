"""Views of enrolments, certifications and rosters."""

from datetime import date
from uuid import UUID

from pydantic import Field

from shared.platform.edge.fields import View


class ProfileView(View):
    """The profile frozen at entry, with what follows from the declared facts."""

    women: str
    birth_year: int
    level: int | None
    low_qualified: str
    situation_before: str | None
    jobseeker: str
    neet: str
    qpv: str
    zrr_frr: str
    zoning: str | None
    residence_code_insee: str | None
    residence_region: str | None


class EnrolmentView(View):
    """An enrolment as it is held, without the identity."""

    reference: str
    enrolment_id: UUID
    session: str
    training: str
    learner: str = Field(description="The holder's own reference of the learner.")
    coverage: str
    entered_on: date
    planned_end_on: date
    status: str
    standing: str = Field(description="running, ended, end_overdue or end_unknown")
    ended_on: date | None
    end_reason: str | None
    continues_in: UUID | None
    cost_to_learner_cents: int
    hours_planned_inperson: int | None
    hours_planned_online: int | None
    hours_attended_inperson: int | None
    hours_attended_online: int | None
    search_opposed: bool
    profile: ProfileView
    version: int


class EnrolmentWritten(EnrolmentView):
    """An enrolment after a write, with the verdict."""

    verdict: str
    warnings: list[dict[str, str]] = Field(default_factory=list)


class EnrolmentPage(View):
    """A page of enrolments, by reference."""

    items: list[EnrolmentView]
    next: str | None = Field(description="Give it as `after` for the next page; empty on the last.")


class IdentityView(View):
    """A learner as the holder declared it."""

    learner_id: UUID
    reference: str
    birth_name: str
    usual_name: str | None
    first_names: str
    birth_date: date
    sex: str
    birth_code_insee: str | None
    email: str | None
    phone: str | None
    france_travail_number: str | None
    address_basis: str | None
    notice_version: str | None
    notice_given_on: date | None
    representative_informed_on: date | None
    search_opposed: bool


class CertificationView(View):
    """A jury's result."""

    reference: str
    certification_id: UUID
    register_entry: str | None
    kind: str
    level: int | None
    result: str
    decided_on: date
    version: int
    verdict: str | None = Field(default=None, description="What the write made of it; empty on reads.")


class EnrolmentFile(EnrolmentView):
    """An enrolment with its learner and results: reading it is journalled."""

    identity: IdentityView
    certifications: list[CertificationView]


class RosterEntry(View):
    """A person to follow."""

    enrolment_id: UUID
    exit_on: date
    exit_kind: str
    birth_name: str
    first_names: str
    birth_date: date
    birth_code_insee: str | None
    france_travail_number: str | None


class Roster(View):
    """A page of the persons to follow who left in a month."""

    items: list[RosterEntry]
    next: str | None = Field(description="Give it as `after` for the next page; empty on the last.")
