"""Who may pass a door of labelling."""

from typing import Annotated

from fastapi import Depends

from services.labelling.use_cases.effective import Actor
from shared.kernel.errors import UNKNOWN, NotFound
from shared.platform.caller import Caller
from shared.platform.edge.auth import require
from shared.platform.edge.dependencies import Today
from shared.platform.edge.fields import Siren

_OFFICE = "labelling:office"


async def _holder(siren: Siren, caller: Annotated[Caller, Depends(require("labelling:apply"))]) -> Caller:
    caller.must_be_holder(siren)
    return caller


async def _declarant(
    siren: Siren, caller: Annotated[Caller, Depends(require("labelling:apply", _OFFICE))]
) -> Caller:
    if not caller.may(_OFFICE):
        caller.must_be_holder(siren)
    return caller


async def _reader_of_holder(
    siren: Siren,
    caller: Annotated[Caller, Depends(require("labelling:apply", "labelling:read", _OFFICE))],
) -> Caller:
    """A client of an organisation reads that organisation only; one without an organisation reads all."""
    reads_all = caller.may(_OFFICE) or (caller.org is None and caller.may("labelling:read"))
    if not reads_all:
        caller.must_be_holder(siren)
    return caller


async def _principal(
    siren: Siren, caller: Annotated[Caller, Depends(require("labelling:apply", _OFFICE))]
) -> Caller:
    """Whoever acts by mandate gives none. Raises NotFound."""
    if not caller.may(_OFFICE) and caller.org != siren:
        raise NotFound(UNKNOWN)
    return caller


def _acting_principal(caller: Annotated[Caller, Depends(_principal)], today: Today) -> Actor:
    return Actor(caller, today)


def _acting_holder(caller: Annotated[Caller, Depends(_holder)], today: Today) -> Actor:
    return Actor(caller, today)


def _acting_office(caller: Annotated[Caller, Depends(require(_OFFICE))], today: Today) -> Actor:
    return Actor(caller, today)


Holder = Annotated[Actor, Depends(_acting_holder)]
"""The organisation of the path itself."""
Declarant = Annotated[Caller, Depends(_declarant)]
"""The organisation of the path itself, or the office for it."""
Principal = Annotated[Caller, Depends(_principal)]
"""The organisation of the path itself, by a client of its own, or the office for it."""
PrincipalActing = Annotated[Actor, Depends(_acting_principal)]
HolderReader = Annotated[Caller, Depends(_reader_of_holder)]
"""The organisation of the path itself, the office, or a reader that belongs to no organisation."""
Office = Annotated[Actor, Depends(_acting_office)]
"""The label office."""
