"""What labelling tells: the register at a date, where bridges lead, whether decisions were touched."""

from datetime import date, timedelta

from services.labelling.domain.labels import Label, Suspension, label_id_of, status_at
from services.labelling.domain.trainings import training_id_of
from tests.labelling.builders import (
    DECIDED_ON,
    EMPLOYER,
    HOLDER,
    OTHER_SITE,
    Scene,
    an_application,
    ok,
    refused,
)


async def references(scene: Scene, **filters: str) -> list[str]:
    """Sorted references of the register under these filters."""
    answer = await ok(scene.public.get("/v1/register", params={"on": "2016-12-31", **filters}))
    return sorted(item["reference"] for item in answer["items"])


async def test_the_register_filters_add_up(scene: Scene) -> None:
    await scene.label("A", "B")
    await scene.label("C", siret=OTHER_SITE, certification={"kind": "none"})
    await scene.label("D", siret=None, online_only=True, hours_inperson=0)
    members = [{"holder": HOLDER, "application": "B", "since": "2016-03-01", "until": "2016-12-31"}]
    await ok(scene.office.put("/v1/networks/reseau-1", json={"name": "Alpha", "members": members}))

    assert await references(scene) == ["A", "B", "C", "D"]
    assert await references(scene, region="11") == ["A", "B"]
    assert await references(scene, certification_kind="none") == ["C"]
    assert await references(scene, holder="000000026") == []
    assert await references(scene, network="reseau-1") == ["B"]
    assert await references(scene, network="reseau-1", on="2017-01-01") == []
    assert await references(scene, status="active", holder=HOLDER) == ["A", "B", "C", "D"]
    assert await references(scene, on="2016-01-01", status="active") == []
    online = await ok(scene.public.get(f"/v1/register/{label_id_of(HOLDER, 'D')}"))
    member = await ok(scene.public.get(f"/v1/register/{label_id_of(HOLDER, 'B')}?on=2016-06-01"))
    assert (online["site"], online["online_only"]) == (None, True)
    assert member["networks"] == ["reseau-1"]
    missing = scene.public.get(f"/v1/register/{label_id_of(HOLDER, 'Z')}")
    assert (await refused(missing, status=404))[0] == "not_found"


async def test_the_registers_pages_join_without_gap_or_repetition(scene: Scene) -> None:
    await scene.label(*(f"F{number}" for number in range(7)))
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = await ok(scene.public.get("/v1/register", params={"limit": "3", **after}))
        seen += [item["label_id"] for item in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}

    assert seen == sorted({str(label_id_of(HOLDER, f"F{number}")) for number in range(7)})


async def test_the_status_in_lists_is_the_status_of_the_rule(scene: Scene) -> None:
    (result,) = await scene.label("A")
    base = f"/v1/labels/{result['label_id']}/changes"
    for reference, kind, on in [
        ("A", "suspended", "2016-09-01"),
        ("B", "reinstated", "2016-10-01"),
        ("C", "suspended", "2017-01-01"),
        ("D", "revoked", "2017-05-01"),
    ]:
        body = {"kind": kind, "effective_on": on, "reason": "Motif"}
        await ok(scene.office.put(f"{base}/{reference}", json=body))
    label = Label(
        label_id_of(HOLDER, "A"),
        training_id_of(HOLDER, "A"),
        HOLDER,
        "A",
        date(2016, 2, 3),
        date(2016, 2, 3),
        date(2019, 2, 2),
        (Suspension(date(2016, 9, 1), date(2016, 9, 30)), Suspension(date(2017, 1, 1))),
        date(2017, 5, 1),
    )
    edges = ["2016-02-03", "2016-09-01", "2016-10-01", "2017-01-01", "2017-05-01", "2019-02-03"]

    for edge in map(date.fromisoformat, edges):
        for day in (edge - timedelta(1), edge):
            entry = await ok(scene.public.get(f"/v1/register/{label.label_id}", params={"on": str(day)}))
            assert entry["status"] == status_at(label, day)


async def test_bridges_lead_by_the_shortest_way_and_rings_end(scene: Scene) -> None:
    await scene.label("A", "B", "C", "D", "E")
    ids = {name: str(training_id_of(HOLDER, name)) for name in "ABCDE"}
    ways = ["AB", "BC", "CA", "CD", "AC", "DE"]
    for way in ways:
        body = {
            "from": {"holder": HOLDER, "training": way[0]},
            "to": {"holder": HOLDER, "training": way[1]},
            "kind": "reorientation",
            "departement": "75",
            "open_from": "2016-03-01",
        }
        if way == "DE":
            body["open_until"] = "2016-06-01"
        await ok(scene.office.put(f"/v1/bridges/{way}", json=body))
    path = f"/v1/trainings/{ids['A']}/reachable"
    summer = await ok(scene.public.get(path, params={"on": "2016-07-01"}))
    spring = await ok(scene.public.get(path, params={"on": "2016-04-01"}))
    winter = await ok(scene.public.get(path, params={"on": "2016-02-15"}))

    assert {item["reference"]: item["path"] for item in summer["items"]} == {
        "B": [ids["A"], ids["B"]],
        "C": [ids["A"], ids["C"]],
        "D": [ids["A"], ids["C"], ids["D"]],
    }
    assert [item["bridges"] for item in spring["items"]] == [1, 1, 2, 3]
    assert winter["items"] == []
    nowhere = scene.public.get(f"/v1/trainings/{training_id_of(HOLDER, 'Z')}/reachable")
    assert (await refused(nowhere, status=404))[0] == "not_found"


async def test_a_touched_decision_is_found(scene: Scene) -> None:
    await scene.label("A", "B", "C")
    rows = scene.service.rows

    async def first_broken() -> int | None:
        found: int | None = (await ok(scene.office.get("/v1/decision-log/verification")))["first_broken"]
        return found

    assert await first_broken() is None
    await rows("UPDATE labelling.decision SET committee = 'Autre' WHERE number = 2")
    assert await first_broken() == 2
    await rows("UPDATE labelling.decision SET committee = 'Jury national' WHERE number = 2")
    await rows("DELETE FROM labelling.decision WHERE number = 3")
    assert await first_broken() == 3


async def test_targets_networks_and_bridges_are_public(scene: Scene) -> None:
    target = {
        "indicator": "trained_or_in_training",
        "value": 8600,
        "due_on": "2017-12-31",
        "label": {"fr": "8 600", "en": "8,600"},
    }
    await ok(scene.office.put("/v1/targets/t-1", json=target))
    await ok(scene.office.put("/v1/networks/reseau-1", json={"name": "Alpha"}))

    assert await ok(scene.public.get("/v1/targets")) == {
        "items": [{"reference": "t-1", **target, "version": 1}],
        "next": None,
    }
    assert (await ok(scene.public.get("/v1/networks/reseau-1")))["members"] == []
    for path in ("networks/x", "bridges/x"):
        assert (await refused(scene.public.get(f"/v1/{path}"), status=404))[0] == "not_found"


async def test_nobody_at_run_time_rewrites_a_decision(scene: Scene) -> None:
    rights = await scene.service.rows(
        "SELECT grantee, privilege_type FROM information_schema.role_table_grants"
        " WHERE table_schema = 'labelling' AND table_name IN ('decision', 'label_change')"
        " AND grantee IN ('labelling_api', 'labelling_worker')"
    )

    assert {row["privilege_type"] for row in rights} == {"SELECT", "INSERT"}


async def test_the_facts_of_an_employer_stay_out_of_the_register(scene: Scene) -> None:
    await scene.label("A")
    entry = (await scene.public.get(f"/v1/register/{label_id_of(HOLDER, 'A')}")).text

    assert DECIDED_ON in entry
    assert EMPLOYER not in entry
    assert "needs" in an_application()
