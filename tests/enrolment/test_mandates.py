"""Acting for another organisation: from the first to the last day, until the mandate is taken back."""

from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from services.enrolment import routes
from shared.events.labelling import MandateGranted, MandateRevoked, MandateState
from shared.kernel.identifiers import stable_id
from tests.enrolment.builders import HOLDER, Holder, entry, session
from tests.support.importing import NDJSON, ended, lines, runner_of
from tests.support.under_test import ServiceUnderTest

VENDOR_ORG = "000000133"
TODAY = date.today()  # noqa: DTZ011 - as the service's own clock counts days
SESSIONS = f"/v1/holders/{HOLDER}/sessions"
IMPORT = f"/v1/holders/{HOLDER}/imports/enrolments"


def mandate(kind: type[MandateState] = MandateGranted, **changes: Any) -> MandateState:
    values: dict[str, Any] = {
        "mandate_id": stable_id("mandate", HOLDER, "M-1"),
        "holder": HOLDER,
        "client_id": "vendor",
        "valid_from": TODAY - timedelta(days=10),
        "valid_until": TODAY + timedelta(days=10),
        "version": 1,
    }
    return kind.model_validate(values | changes)


@pytest.fixture
def vendor(enrolment: ServiceUnderTest) -> httpx.AsyncClient:
    enrolment.app.state.mandates.keep_seconds = 0.0
    scope = "enrolment:write enrolment:read enrolment:backfill"
    return enrolment.client(scope, org=VENDOR_ORG, sub="vendor")


@pytest.mark.usefixtures("holder")
async def test_a_client_acts_while_its_mandate_runs(
    enrolment: ServiceUnderTest, vendor: httpx.AsyncClient
) -> None:
    async def status() -> int:
        return (await vendor.get(SESSIONS)).status_code

    assert await status() == 404
    await enrolment.hear(mandate())
    assert await status() == 200
    assert (await vendor.put(f"{SESSIONS}/S-2", json=session())).json()["verdict"] == "created"
    await enrolment.hear(mandate(MandateRevoked, version=2, revoked_on=TODAY + timedelta(days=1)))
    assert await status() == 200
    await enrolment.hear(mandate(MandateRevoked, version=3, revoked_on=TODAY))
    assert await status() == 404
    await enrolment.hear(mandate(version=2))
    assert await status() == 404, "an older word changes nothing"


@pytest.mark.parametrize(
    "changes",
    [
        {"valid_from": TODAY + timedelta(days=1)},
        {"valid_until": TODAY - timedelta(days=1)},
        {"client_id": "another"},
        {"holder": "000000026"},
    ],
)
@pytest.mark.usefixtures("holder")
async def test_outside_its_days_or_for_another_it_does_not(
    enrolment: ServiceUnderTest, vendor: httpx.AsyncClient, changes: dict[str, Any]
) -> None:
    await enrolment.hear(mandate(**changes))
    refused, unknown = await vendor.get(SESSIONS), await vendor.get(SESSIONS.replace(HOLDER, "000000901"))
    assert refused.status_code == unknown.status_code == 404
    assert refused.json()["code"] == unknown.json()["code"]


async def test_a_known_answer_serves_for_a_moment_and_no_longer(
    enrolment: ServiceUnderTest, vendor: httpx.AsyncClient, holder: Holder
) -> None:
    del holder
    enrolment.app.state.mandates.keep_seconds = 60.0
    await enrolment.hear(mandate())
    assert (await vendor.get(SESSIONS)).status_code == 200
    await enrolment.hear(mandate(MandateRevoked, version=2, revoked_on=TODAY))
    assert (await vendor.get(SESSIONS)).status_code == 200
    enrolment.app.state.mandates.forget()
    assert (await vendor.get(SESSIONS)).status_code == 404


async def test_a_file_that_waited_longer_than_its_mandate_is_not_worked_off(
    enrolment: ServiceUnderTest, vendor: httpx.AsyncClient, holder: Holder
) -> None:
    del holder
    await enrolment.hear(mandate())
    async with runner_of(enrolment, routes.IMPORTS) as runner:
        runner.mandates.keep_seconds = 0.0
        content = lines([entry(reference="INS-1")])
        done = await ended(vendor, runner, answer=await vendor.post(IMPORT, content=content, headers=NDJSON))
        assert (done["state"], done["counts"]) == ("succeeded", {"created": 1})
        late = await vendor.post(IMPORT, content=content.replace(b"INS-1", b"INS-2"), headers=NDJSON)
        assert late.status_code == 202
        await enrolment.hear(mandate(MandateRevoked, version=2, revoked_on=TODAY))
        while await runner.once():
            pass
    jobs = await enrolment.rows(
        "SELECT state, failure ->> 'code' AS code, wrapped_key FROM enrolment.import_job ORDER BY created_at"
    )
    assert jobs[1] == {"state": "failed", "code": "mandate_ended", "wrapped_key": None}
    assert await enrolment.rows("SELECT reference FROM enrolment.enrolments") == [{"reference": "INS-1"}]
