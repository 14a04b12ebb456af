"""What indicators hears, and what it does with it."""

from services.indicators import use_cases
from shared.events import enrolment, followup, labelling
from shared.platform.database import Transaction
from shared.platform.exchange.applying import Heard, Subscription
from shared.platform.mandates.hearing import MANDATES

ENROLMENTS = (
    enrolment.EnrolmentEntered,
    enrolment.EnrolmentChanged,
    enrolment.EnrolmentCompleted,
    enrolment.EnrolmentAbandoned,
    enrolment.EnrolmentTransferred,
    enrolment.EnrolmentInterrupted,
    enrolment.EnrolmentCancelled,
)
FOLLOWUPS = (followup.OutcomeSettled, followup.OutcomeWithdrawn, followup.FollowupExcluded)
LABELS = (
    labelling.LabelGranted,
    labelling.LabelSuspended,
    labelling.LabelReinstated,
    labelling.LabelRevoked,
)


async def keep_training_on_training_described(
    tx: Transaction, heard: list[Heard[labelling.TrainingDescribed]]
) -> None:
    await use_cases.take_trainings(tx, heard)


async def keep_label_on_label_state(tx: Transaction, heard: list[Heard[labelling.LabelState]]) -> None:
    await use_cases.take_labels(tx, heard)


async def keep_target_on_target_set(tx: Transaction, heard: list[Heard[labelling.TargetSet]]) -> None:
    await use_cases.take_targets(tx, heard)


async def count_enrolment_on_enrolment_state(
    tx: Transaction, heard: list[Heard[enrolment.EnrolmentState]]
) -> None:
    await use_cases.take_enrolments(tx, heard)


async def count_outcome_on_followup_state(
    tx: Transaction, heard: list[Heard[followup.FollowupState]]
) -> None:
    await use_cases.take_followups(tx, heard)


SUBSCRIPTIONS: tuple[Subscription, ...] = (
    MANDATES,
    Subscription("labelling", (labelling.TrainingDescribed,), keep_training_on_training_described),
    Subscription("labelling", LABELS, keep_label_on_label_state),
    Subscription("labelling", (labelling.TargetSet,), keep_target_on_target_set),
    Subscription("enrolment", ENROLMENTS, count_enrolment_on_enrolment_state),
    Subscription("followup", FOLLOWUPS, count_outcome_on_followup_state),
)
