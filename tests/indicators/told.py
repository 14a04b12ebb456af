"""What the other services tell indicators, in few words."""

from datetime import date
from typing import Any
from uuid import UUID, uuid5

from shared.events import enrolment, followup, labelling

_NAMES = UUID("22222222-2222-4222-8222-222222222222")
HOLDER, OTHER_HOLDER = "000000018", "000000026"

_OF_STATUS: dict[str, type[enrolment.EnrolmentState]] = {
    "in_training": enrolment.EnrolmentEntered,
    "completed": enrolment.EnrolmentCompleted,
    "abandoned": enrolment.EnrolmentAbandoned,
    "transferred": enrolment.EnrolmentTransferred,
    "interrupted": enrolment.EnrolmentInterrupted,
    "cancelled": enrolment.EnrolmentCancelled,
}


def an_id(name: str) -> UUID:
    """The same id for the same name."""
    return uuid5(_NAMES, name)


def enrolled(
    name: str, *, status: str = "in_training", version: int = 1, **said: Any
) -> enrolment.EnrolmentState:
    """An enrolment of the learner `of` (by default its own), from 1 March 2016 on, planned to end on 1 July."""
    profile = {key: said.pop(key) for key in list(said) if key in enrolment.Profile.model_fields}
    given: dict[str, Any] = {
        "enrolment_id": an_id(name),
        "learner_id": an_id(said.pop("of", f"learner of {name}")),
        "holder": HOLDER,
        "training_id": an_id(said.pop("training", "training")),
        "session_id": an_id("session"),
        "coverage": "covered",
        "entered_on": date(2016, 3, 1),
        "planned_end_on": date(2016, 7, 1),
        "ended_on": None if status in {"in_training", "cancelled"} else date(2016, 7, 1),
        "profile": enrolment.Profile(**profile),
    } | said
    return _OF_STATUS[status].model_validate(given | {"version": version, "status": status})


def settled(
    name: str,
    situation: str = "employed",
    *,
    wave: int = 6,
    version: int = 1,
    job_class: str | None = "non_precarious",
) -> followup.OutcomeSettled:
    """A follow-up with one settled wave."""
    return followup.OutcomeSettled(
        version=version,
        waves=(
            followup.SettledWave.model_validate(
                {
                    "wave": wave,
                    "situation": situation,
                    "outcome": "permanent",
                    "job_class": job_class if situation == "employed" else None,
                    "source": "learner",
                    "reference_on": "2017-01-01",
                    "collected_on": "2017-01-02",
                }
            ),
        ),
        **_followup(name),
    )


def withdrawn(name: str, *, version: int) -> followup.OutcomeWithdrawn:
    """The same follow-up without any settled wave."""
    return followup.OutcomeWithdrawn(version=version, **_followup(name))


def excluded(name: str, *, version: int) -> followup.FollowupExcluded:
    """The same follow-up, out of the figures for a closed reason."""
    return followup.FollowupExcluded(version=version, **_followup(name))


def described(name: str = "training", *, version: int = 1, **said: Any) -> labelling.TrainingDescribed:
    """A training of four months in Île-de-France."""
    given: dict[str, Any] = {
        "training_id": an_id(name),
        "holder": HOLDER,
        "reference": name,
        "title": "Développement web",
        "trade_family": "technical",
        "skill_group": "development",
        "certification_kind": "titre_professionnel",
        "months": 4,
        "hours_inperson": 600,
        "hours_online": 0,
        "approaches": ("practice",),
        "support": ("cv",),
        "innovative": True,
        "free_of_charge": True,
        "followup_six_months": True,
        "region": "11",
    } | said
    return labelling.TrainingDescribed(version=version, **given)


def labelled(name: str = "training", *, version: int = 1, **said: Any) -> labelling.LabelState:
    """Its label, for three years from 3 February 2016 on."""
    given: dict[str, Any] = {
        "label_id": an_id(f"label of {name}"),
        "training_id": an_id(name),
        "holder": HOLDER,
        "training_reference": name,
        "decided_on": date(2016, 2, 3),
        "valid_from": date(2016, 2, 3),
        "valid_until": date(2019, 2, 2),
    } | said
    made = labelling.LabelRevoked if given.get("revoked_on") else labelling.LabelGranted
    return made(version=version, **given)


def target(name: str, *, indicator: str, value: int) -> labelling.TargetSet:
    """A target due at the end of 2017."""
    return labelling.TargetSet(
        version=1,
        target_id=name,
        indicator=indicator,
        value=value,
        due_on=date(2017, 12, 31),
        label_fr="Objectif",
        label_en="Target",
    )


def _followup(name: str) -> dict[str, Any]:
    return {
        "enrolment_id": an_id(name),
        "training_id": an_id("training"),
        "exit_on": date(2016, 7, 1),
        "exit_kind": "completed",
        "mapping": "outcomes-1",
    }
