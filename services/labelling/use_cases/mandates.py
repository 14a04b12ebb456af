"""Giving mandates and taking them back."""

from datetime import date

from services.labelling.domain import refusals
from services.labelling.domain.mandates import Mandate, regrant, revoke
from services.labelling.repository.mandates import hold_mandate, save_mandate
from services.labelling.repository.organisations import hold_organisation
from services.labelling.use_cases.effective import Actor
from services.labelling.use_cases.facts import mandate_granted, mandate_revoked
from shared.kernel.errors import UNKNOWN, Conflict, NotFound
from shared.platform.database import Transaction


async def give_mandate(tx: Transaction, declared: Mandate) -> None:
    """Let a client act for an organisation, or change until when. Raises Conflict."""
    if await hold_organisation(tx, declared.holder) is None:
        raise Conflict(refusals.ORGANISATION_UNKNOWN)
    held = await hold_mandate(tx, declared.holder, reference=declared.reference)
    mandate = regrant(held, declared) if held else declared
    if mandate is not held:
        await save_mandate(tx, mandate)
        tx.speak(mandate_granted(mandate))


async def revoke_mandate(
    tx: Transaction, reference: str, *, holder: str, revoked_on: date, actor: Actor
) -> None:
    """Take a mandate back from a day on. Raises NotFound, Conflict, Invalid, Forbidden."""
    held = await hold_mandate(tx, holder, reference=reference)
    if held is None:
        raise NotFound(UNKNOWN)
    mandate = revoke(held, revoked_on)
    if mandate is held:
        return
    actor.check(revoked_on, pointer="/revoked_on")
    await save_mandate(tx, mandate)
    tx.speak(mandate_revoked(mandate))
    await actor.journal(tx, "mandate revoked", dates=[revoked_on])
