"""What hearing of an enrolment does to its follow-up."""

from uuid import UUID

from services.followup.domain.followups import Exit, Followup, Status


def after_hearing(
    held: Followup | None, left: Exit | None, *, enrolment_id: UUID, version: int
) -> Followup | None:
    """The follow-up once a version of the enrolment is heard; None when nothing changes.

    Completed, abandoned and interrupted learners are followed, from the exit they have now; one who is in training
    again, transferred or cancelled is not, and what was said of them waits. An older or equal version changes
    nothing. Source: Rules 9, 10 and 14.
    """
    if held is not None and held.enrolment_version >= version:
        return None
    if left is None:
        if held is None or held.exit is None:
            return None
        return held._replace(status=Status.CLOSED, enrolment_version=version)
    if held is None:
        return Followup(enrolment_id, Status.OPEN, exit=left, enrolment_version=version)
    status = Status.EXCLUDED if held.exclusion else Status.OPEN
    return held._replace(status=status, exit=left, enrolment_version=version)


def no_longer_heard(held: Followup) -> Followup:
    """The follow-up of an enrolment that nobody speaks of any more: it is not followed, until it is heard of again."""
    return held._replace(status=Status.CLOSED)
