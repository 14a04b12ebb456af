"""Held states as the facts that other services hear."""

from services.enrolment.domain.certifications import Certification
from services.enrolment.domain.enrolments import Enrolment, Status
from services.enrolment.domain.sessions import Session
from shared.events import enrolment as said

_OF_STATUS: dict[str, type[said.EnrolmentState]] = {
    Status.IN_TRAINING: said.EnrolmentChanged,
    Status.COMPLETED: said.EnrolmentCompleted,
    Status.ABANDONED: said.EnrolmentAbandoned,
    Status.TRANSFERRED: said.EnrolmentTransferred,
    Status.INTERRUPTED: said.EnrolmentInterrupted,
    Status.CANCELLED: said.EnrolmentCancelled,
}


def session_fact(session: Session) -> said.SessionState:
    """What is said of a session as it stands now."""
    declared = session.declared
    if declared.cancelled_on is not None:
        kind: type[said.SessionState] = said.SessionCancelled
    else:
        kind = said.SessionOpened if session.version == 1 else said.SessionChanged
    return kind(
        version=session.version,
        session_id=session.session_id,
        holder=session.holder,
        reference=declared.reference,
        training_id=session.training_id,
        starts_on=declared.starts_on,
        planned_end_on=declared.planned_end_on,
        rolling_entry=declared.rolling_entry,
        capacity=declared.capacity,
        coverage=session.coverage.value,
        cancelled_on=declared.cancelled_on,
    )


def entered(enrolment: Enrolment) -> said.EnrolmentState:
    """A new enrolment."""
    return _state(said.EnrolmentEntered, enrolment)


def changed(enrolment: Enrolment) -> said.EnrolmentState:
    """A corrected enrolment."""
    return _state(said.EnrolmentChanged, enrolment)


def ended(enrolment: Enrolment, *, before: Enrolment) -> said.EnrolmentState:
    """An enrolment whose end changed: another kind of end is said by its name, the rest is a correction."""
    if enrolment.status == before.status:
        return changed(enrolment)
    return _state(_OF_STATUS[enrolment.status], enrolment)


def certification_fact(certification: Certification, *, enrolment: Enrolment) -> said.CertificationAwarded:
    """A jury's result as it stands now."""
    return said.CertificationAwarded.model_validate(
        {
            "version": certification.version,
            "certification_id": certification.certification_id,
            "enrolment_id": enrolment.enrolment_id,
            "training_id": enrolment.training_id,
            **vars(certification.declared),
        }
    )


def _state(kind: type[said.EnrolmentState], enrolment: Enrolment) -> said.EnrolmentState:
    # The published models keep what they know: the holder's references and undisclosed facts fall away here.
    return kind.model_validate(vars(enrolment) | {"profile": vars(enrolment.profile)})
