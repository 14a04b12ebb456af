"""Declaring organisations and their sites."""

from dataclasses import replace

from services.labelling.domain import refusals
from services.labelling.domain.organisations import DeclaredSite, LegalStatus, Organisation, place, with_site
from services.labelling.repository.organisations import hold_organisation, save_organisation, save_site
from services.labelling.use_cases.facts import organisation_changed
from shared.kernel.errors import Conflict
from shared.platform.database import Transaction


async def declare_organisation(tx: Transaction, *, siren: str, name: str, legal_status: LegalStatus) -> None:
    """Declare an organisation, or change its name or status."""
    held = await hold_organisation(tx, siren)
    if held is None:
        declared = Organisation(siren, name, legal_status)
    elif (held.name, held.legal_status) != (name, legal_status):
        declared = replace(held, name=name, legal_status=legal_status, version=held.version + 1)
    else:
        return
    await save_organisation(tx, declared)
    tx.speak(organisation_changed(declared))


async def declare_site(tx: Transaction, *, siren: str, site: DeclaredSite) -> None:
    """Declare a site of a declared organisation, or change it. Raises Conflict, Invalid."""
    placed = place(site, siren=siren)
    held = await hold_organisation(tx, siren)
    if held is None:
        raise Conflict(refusals.ORGANISATION_UNKNOWN)
    changed = with_site(held, placed)
    if changed is held:
        return
    await save_organisation(tx, changed)
    await save_site(tx, placed, siren=siren)
    tx.speak(organisation_changed(changed))
