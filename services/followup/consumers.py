"""What followup hears: every step of an enrolment, and who acts for whom."""

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
from shared.platform.mandates.hearing import MANDATES


async def follow_on_enrolment(tx: Transaction, heard: list[Heard[EnrolmentState]]) -> None:
    await follow_enrolments(tx, [item.fact for item in heard])


SUBSCRIPTIONS: tuple[Subscription, ...] = (
    MANDATES,
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
