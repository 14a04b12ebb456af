"""Mandates: who gives them, what of them can change, what the others are told."""

from datetime import date
from typing import Any

import pytest

from services.labelling.domain.mandates import mandate_of, regrant, revoke
from shared.events.labelling import MandateGranted, MandateRevoked
from shared.kernel.errors import Conflict, Invalid
from tests.labelling.builders import HOLDER, OTHER_HOLDER, Scene, ok, refused

BODY = {"client_id": "vendor", "valid_from": "2016-01-01", "valid_until": "2018-12-31"}
PATH = f"/v1/holders/{HOLDER}/mandates"
FIRST, LAST = date(2016, 1, 1), date(2018, 12, 31)


def a_mandate(**changes: Any) -> Any:
    values: dict[str, Any] = {"client_id": "vendor", "valid_from": FIRST, "valid_until": LAST} | changes
    return mandate_of(HOLDER, "M-1", **values)


def test_a_period_does_not_end_before_it_begins() -> None:
    with pytest.raises(Invalid):
        a_mandate(valid_until=date(2015, 12, 31))


def test_only_the_last_day_changes_and_not_after_the_revocation() -> None:
    held = a_mandate()
    assert regrant(held, a_mandate()) is held
    longer = regrant(held, a_mandate(valid_until=date(2019, 6, 30)))
    assert (longer.valid_until, longer.version) == (date(2019, 6, 30), 2)
    for other in (a_mandate(client_id="another"), a_mandate(valid_from=date(2016, 2, 1))):
        with pytest.raises(Conflict):
            regrant(held, other)
    revoked = revoke(held, date(2017, 3, 1))
    assert revoke(revoked, date(2017, 3, 1)) is revoked
    assert regrant(revoked, a_mandate()) is revoked
    with pytest.raises(Conflict):
        regrant(revoked, a_mandate(valid_until=date(2019, 6, 30)))
    with pytest.raises(Conflict):
        revoke(revoked, date(2017, 4, 1))


async def test_a_holder_gives_and_takes_back_and_the_others_are_told(scene: Scene) -> None:
    given = await ok(scene.holder.put(f"{PATH}/M-1", json=BODY))
    assert given == BODY | {
        "mandate_id": given["mandate_id"],
        "holder": HOLDER,
        "reference": "M-1",
        "revoked_on": None,
        "version": 1,
    }
    assert await ok(scene.holder.put(f"{PATH}/M-1", json=BODY)) == given
    await ok(scene.office.put(f"{PATH}/M-1", json=BODY | {"valid_until": "2018-06-30"}))
    revoked = await ok(scene.holder.put(f"{PATH}/M-1/revocation", json={"revoked_on": "2017-03-01"}))
    assert (revoked["revoked_on"], revoked["version"]) == ("2017-03-01", 3)
    assert await ok(scene.holder.get(f"{PATH}/M-1")) == revoked
    assert (await ok(scene.holder.get(PATH)))["items"] == [revoked]
    said = [one for one in await scene.service.said() if isinstance(one, (MandateGranted, MandateRevoked))]
    assert [(type(one), one.version) for one in said] == [
        (MandateGranted, 1),
        (MandateGranted, 2),
        (MandateRevoked, 3),
    ]


async def test_what_cannot_be_is_refused(scene: Scene) -> None:
    reversed_ = BODY | {"valid_until": "2015-12-31"}
    assert (await refused(scene.holder.put(f"{PATH}/M-1", json=reversed_), status=422))[1] == [
        ("/valid_until", "period_reversed")
    ]
    await ok(scene.holder.put(f"{PATH}/M-1", json=BODY))
    other = BODY | {"client_id": "another"}
    assert (await refused(scene.holder.put(f"{PATH}/M-1", json=other), status=409))[0] == "mandate_fixed"
    revocation = {"revoked_on": "2017-03-01"}
    await refused(scene.holder.put(f"{PATH}/M-2/revocation", json=revocation), status=404)
    tomorrow = {"revoked_on": "2199-01-01"}
    await refused(scene.holder.put(f"{PATH}/M-1/revocation", json=tomorrow), status=422)
    unknown = f"/v1/holders/{OTHER_HOLDER}/mandates/M-1"
    assert (await refused(scene.office.put(unknown, json=BODY), status=409))[0] == "organisation_unknown"


async def test_whoever_acts_by_mandate_gives_none(scene: Scene) -> None:
    scene.service.app.state.mandates.keep_seconds = 0.0
    vendor = scene.service.client("labelling:apply", org=OTHER_HOLDER, sub="vendor")
    mine = f"/v1/holders/{HOLDER}/applications"
    assert (await refused(vendor.get(mine), status=404))[0] == "not_found"
    await ok(scene.holder.put(f"{PATH}/M-1", json=BODY | {"valid_until": "2199-12-31"}))
    assert (await ok(vendor.get(mine)))["items"] == []
    await refused(vendor.get(PATH), status=404)
    await refused(vendor.put(f"{PATH}/M-2", json=BODY), status=404)
    await ok(scene.holder.put(f"{PATH}/M-1/revocation", json={"revoked_on": "2017-03-01"}))
    await refused(vendor.get(mine), status=404)
