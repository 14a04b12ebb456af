"""Domain values as the tests of the rules write them: an exit of 15 March 2016, waves on 15 June and 15 September."""

from datetime import UTC, date, datetime
from uuid import UUID

from services.followup.domain.followups import Exit, Followup, Status
from services.followup.domain.observations import Kind, Observation, Source
from services.followup.repository.codes import codes_in_force

HOLDER = "000000018"
EXIT = date(2016, 3, 15)
THREE, SIX = date(2016, 6, 15), date(2016, 9, 15)
ENROLMENT = UUID("3f0c5a52-6a0a-5d7c-9a53-1d1f3f0b2a01")
TRAINING = UUID("5b0c5a52-6a0a-5d7c-9a53-1d1f3f0b2a03")
CODES = codes_in_force()


def day(text: str) -> date:
    return date.fromisoformat(text)


def followed(exit_on: date = EXIT) -> Followup:
    return Followup(ENROLMENT, Status.OPEN, exit=Exit(HOLDER, TRAINING, exit_on, "completed"))


def spell(
    reference: str = "R1", *, starts_on: date = date(2016, 5, 2), ends_on: date | None = None, **more: object
) -> Observation:
    """A permanent job that goes on."""
    values = {"outcome": "permanent", "durable": True, "starts_on": starts_on, "ends_on": ends_on}
    return observed(reference, kind=Kind.CONTRACT, **(values | more))


def snapshot(
    reference: str = "R2", *, code: str = "job_search", observed_on: date = THREE, **more: object
) -> Observation:
    """A situation on the first anniversary."""
    durable = CODES.outcomes.by_code[code].durable()
    values = {"outcome": code, "observed_on": observed_on, "durable": durable}
    return observed(reference, kind=Kind.SITUATION, **(values | more))


def observed(reference: str, *, kind: Kind, **more: object) -> Observation:
    values: dict[str, object] = {
        "reporter": "a-reporter",
        "reference": reference,
        "source": Source.ADMINISTRATIVE,
        "kind": kind,
        "enrolment_id": ENROLMENT,
        "collected_on": date(2016, 6, 20),
        "first_collected_on": date(2016, 6, 20),
        "recorded_at": datetime(2016, 6, 21, tzinfo=UTC),
        "digest": reference.encode(),
    }
    return Observation(**(values | more))  # type: ignore[arg-type]  # fields by name, checked by the rules under test
