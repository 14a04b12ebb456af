"""Setting targets."""

from dataclasses import replace

from services.labelling.domain.targets import Target
from services.labelling.repository.targets import hold_target, save_target
from services.labelling.use_cases.facts import target_set
from shared.platform.database import Transaction


async def set_target(tx: Transaction, *, target: Target) -> None:
    """Set a target, or change it."""
    held = await hold_target(tx, target.reference)
    version = held.version if held else 0
    if replace(target, version=version) == held:
        return
    changed = replace(target, version=version + 1)
    await save_target(tx, changed)
    tx.speak(target_set(changed))
