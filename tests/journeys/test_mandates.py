"""A mandate over four real processes: given in labelling, in force elsewhere within seconds, and over as soon."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest

from tests.support.embedded import free_port_base
from tests.support.living_stack import LivingStack, living_stack
from tests.support.scenario import SIREN, label_a_training

VENDOR = "vendor-01"
DEADLINE = 20.0


@pytest.fixture(scope="module")
async def stack() -> AsyncIterator[LivingStack]:
    async with living_stack(state="test-mandates", port_base=free_port_base()) as running:
        yield running


async def answered(stack: LivingStack, status: int) -> None:
    """Wait until the vendor is answered so in enrolment, followup and indicators."""
    addresses = (
        f"{stack.url('enrolment')}/v1/holders/{SIREN}/sessions",
        f"{stack.url('followup')}/v1/observations?holder={SIREN}",
        f"{stack.url('indicators')}/v1/exact/indicators/entries?period=2016&holder={SIREN}&purpose=journey",
    )
    headers = await stack.headers(VENDOR)
    async with asyncio.timeout(DEADLINE):
        for address in addresses:
            while (await stack.http.get(address, headers=headers)).status_code != status:
                await asyncio.sleep(0.1)


async def test_a_mandate_is_in_force_within_seconds_and_over_as_soon(stack: LivingStack) -> None:
    start = date(2016, 2, 3)
    await label_a_training(stack, on=start, session_end=date(2016, 7, 1))
    await answered(stack, 404)
    today = date.today()  # noqa: DTZ011 - as the services count days
    path = f"{stack.url('labelling')}/v1/holders/{SIREN}/mandates/M-1"
    given = {
        "client_id": VENDOR,
        "valid_from": str(today - timedelta(days=1)),
        "valid_until": str(today + timedelta(days=30)),
    }
    own = await stack.headers("holder-01")
    (await stack.http.put(path, json=given, headers=own)).raise_for_status()
    await answered(stack, 200)
    revoked = {"revoked_on": str(today)}
    (await stack.http.put(f"{path}/revocation", json=revoked, headers=own)).raise_for_status()
    await answered(stack, 404)
