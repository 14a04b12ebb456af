"""Bodies for enrolment: sessions, entries, ends."""

from typing import Any, Final

from deploy.demo.failures import Stopped
from deploy.demo.fixture.model import Enrolment, Session

Body = dict[str, Any]

_NOTICE: Final = "2016-1"


def session_item(session: Session) -> Body:
    """A dated run of a training."""
    return {
        "reference": session.reference,
        "training": session.training,
        "starts_on": f"{session.starts_on}",
        "planned_end_on": f"{session.planned_end_on}",
        "capacity": session.capacity,
    }


def enrolment_item(enrolment: Enrolment) -> Body:
    """A learner's entry into a session."""
    return {
        "reference": enrolment.key.reference,
        "session": enrolment.session,
        "learner": _learner(enrolment),
        "entered_on": f"{enrolment.entered_on}",
        "planned_end_on": f"{enrolment.planned_end_on}",
        "profile": {
            "level": enrolment.profile.level,
            "situation_before": enrolment.profile.situation,
            "qpv": "yes" if enrolment.profile.qpv else "no",
            "zoning": enrolment.profile.zoning,
            "residence_code_insee": enrolment.profile.residence_code_insee,
        },
    }


def end_item(enrolment: Enrolment) -> Body:
    """How an enrolment ended."""
    if enrolment.ended_on is None:
        raise Stopped(f"The enrolment {enrolment.key.reference} has no end to declare.")
    end = {
        "reference": enrolment.key.reference,
        "kind": enrolment.status,
        "ended_on": f"{enrolment.ended_on}",
    }
    return end | ({"reason": enrolment.end_reason} if enrolment.end_reason else {})


def _learner(enrolment: Enrolment) -> Body:
    person, informed_on = enrolment.person, enrolment.profile.representative_informed_on
    notice = {"version": _NOTICE, "given_on": f"{enrolment.entered_on}"}
    return {
        "reference": person.reference,
        "birth_name": person.birth_name,
        "first_names": person.first_name,
        "birth_date": f"{person.birth_date}",
        "sex": enrolment.profile.sex,
        "birth_code_insee": person.birth_code_insee,
        "email": person.email,
        "france_travail_number": person.france_travail_number,
        "address_basis": "address",
        "notice": notice | ({"representative_informed_on": f"{informed_on}"} if informed_on else {}),
    }
