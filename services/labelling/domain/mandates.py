"""Mandates: an organisation lets a client act for it, for a time, until it takes that back."""

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from services.labelling.domain import refusals
from shared.kernel.errors import Conflict, Invalid
from shared.kernel.identifiers import stable_id


@dataclass(frozen=True)
class Mandate:
    """What lets a client act for a holder, from the first to the last day, or until the day it is revoked."""

    mandate_id: UUID
    holder: str
    reference: str
    client_id: str
    valid_from: date
    valid_until: date
    revoked_on: date | None = None
    version: int = 1


def mandate_of(
    holder: str, reference: str, *, client_id: str, valid_from: date, valid_until: date
) -> Mandate:
    """A mandate under the holder's own reference. Source: rule 8. Raises Invalid on a period that is reversed."""
    if valid_until < valid_from:
        raise Invalid(refusals.PERIOD_REVERSED, pointer="/valid_until", expected=f">= {valid_from}")
    return Mandate(
        stable_id("mandate", holder, reference), holder, reference, client_id, valid_from, valid_until
    )


def regrant(held: Mandate, declared: Mandate) -> Mandate:
    """A known mandate with the last day it has now; itself when nothing changes. Source: rule 8.

    Raises Conflict: whom it is for and since when do not change, and what was taken back is not given again.
    """
    if (held.client_id, held.valid_from) != (declared.client_id, declared.valid_from):
        raise Conflict(refusals.MANDATE_FIXED)
    if held.valid_until == declared.valid_until:
        return held
    if held.revoked_on is not None:
        raise Conflict(refusals.MANDATE_REVOKED)
    return replace(held, valid_until=declared.valid_until, version=held.version + 1)


def revoke(held: Mandate, on: date) -> Mandate:
    """The mandate without effect from a day on; itself when that was said before. Source: rule 8.

    Raises Conflict when it was revoked from another day on.
    """
    if held.revoked_on == on:
        return held
    if held.revoked_on is not None:
        raise Conflict(refusals.MANDATE_REVOKED)
    return replace(held, revoked_on=on, version=held.version + 1)
