"""Suspending, reinstating and revoking labels."""

from uuid import UUID

from services.labelling.domain import refusals
from services.labelling.domain.labels import Change, change
from services.labelling.repository.labels import add_change, hold_label, load_changes, save_labels
from services.labelling.use_cases.effective import Actor
from services.labelling.use_cases.facts import label_changed
from shared.kernel.errors import UNKNOWN, Conflict, NotFound
from shared.platform.database import Transaction


async def change_label(tx: Transaction, act: Change, *, label_id: UUID, actor: Actor) -> None:
    """Record an act of the office on a label. Raises NotFound, Conflict, Invalid, Forbidden."""
    label = await hold_label(tx, label_id)
    if label is None:
        raise NotFound(UNKNOWN)
    held = await load_changes(tx, label_id)
    same = next((other for other in held if other.reference == act.reference), None)
    if same == act:
        return
    if same is not None:
        raise Conflict(refusals.CHANGE_DIFFERS)
    changed = change(label, act)
    actor.check(act.effective_on, pointer="/effective_on")
    await save_labels(tx, [changed])
    await add_change(tx, act, label_id=label_id, place=len(held))
    tx.speak(label_changed(changed, act.kind))
    await actor.journal(tx, "label changes", dates=[act.effective_on])
