"""What followup hears: every step of an enrolment."""

from services.followup.use_cases.exits import follow_enrolments
from shared.events.enrolment import (
    EnrolmentAbandoned,
    EnrolmentCancelled,
    EnrolmentChanged,
    EnrolmentCompleted,
    EnrolmentEntered,
    EnrolmentInterrupted,
    EnrolmentState,
    EnrolmentTransferred,
)
from shared.platform.database import Transaction
from shared.platform.exchange.applying import Heard, Subscription


async def follow_on_enrolment(tx: Transaction, heard: list[Heard[EnrolmentState]]) -> None:
    await follow_enrolments(tx, [item.fact for item in heard])


SUBSCRIPTIONS: tuple[Subscription, ...] = (
    Subscription(
        speaker="enrolment",
        facts=(
            EnrolmentEntered,
            EnrolmentChanged,
            EnrolmentCompleted,
            EnrolmentAbandoned,
            EnrolmentTransferred,
            EnrolmentInterrupted,
            EnrolmentCancelled,
        ),
        handler=follow_on_enrolment,
    ),
)
