"""What enrolment hears. Followup has nothing to tell it yet: its positions advance and nothing else happens."""

from services.enrolment.domain.labels import HeardLabel, Label, Suspension
from services.enrolment.use_cases import coverage
from shared.events.labelling import LabelGranted, LabelReinstated, LabelRevoked, LabelState, LabelSuspended
from shared.platform.database import Transaction
from shared.platform.exchange.applying import Heard, Subscription
from shared.platform.mandates.hearing import MANDATES


async def settle_coverage_on_label_change(tx: Transaction, heard: list[Heard[LabelState]]) -> None:
    await coverage.keep_labels(tx, [_label_of(item.fact) for item in heard])


def _label_of(fact: LabelState) -> HeardLabel:
    return HeardLabel(
        label_id=fact.label_id,
        holder=fact.holder,
        training_id=fact.training_id,
        training_reference=fact.training_reference,
        label=Label(
            valid_from=fact.valid_from,
            valid_until=fact.valid_until,
            suspensions=tuple(Suspension(held.since, held.until) for held in fact.suspensions),
            revoked_on=fact.revoked_on,
        ),
        version=fact.version,
    )


SUBSCRIPTIONS: tuple[Subscription, ...] = (
    MANDATES,
    Subscription(
        speaker="labelling",
        facts=(LabelGranted, LabelSuspended, LabelReinstated, LabelRevoked),
        handler=settle_coverage_on_label_change,
    ),
)
