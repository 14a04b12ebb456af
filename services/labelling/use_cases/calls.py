"""Declaring calls."""

from dataclasses import replace

from services.labelling.domain import refusals
from services.labelling.domain.calls import Call, check_call
from services.labelling.repository.calls import load_calls, save_call
from services.labelling.repository.criteria_sets import CRITERIA_SETS
from services.labelling.repository.locks import lock
from shared.kernel.errors import Invalid
from shared.platform.database import Transaction


async def declare_call(tx: Transaction, *, call: Call) -> None:
    """Declare a call, or change it; what was submitted keeps the criteria it was judged by. Raises Invalid."""
    if call.criteria_set not in CRITERIA_SETS:
        raise Invalid(
            refusals.CRITERIA_SET_UNKNOWN, pointer="/criteria_set", expected=" | ".join(CRITERIA_SETS)
        )
    check_call(call)
    await lock(tx, "call", key=call.reference)
    held = (await load_calls(tx, [call.reference])).get(call.reference)
    if held is None:
        await save_call(tx, call)
    elif replace(call, version=held.version) != held:
        await save_call(tx, replace(call, version=held.version + 1))
