"""What labelling writes and says: once, in order, and never again for the same content."""

from typing import Any

from services.labelling.domain.labels import label_id_of
from services.labelling.domain.trainings import training_id_of
from shared.events.labelling import (
    BridgeClosed,
    BridgeOpened,
    LabelGranted,
    LabelReinstated,
    LabelRevoked,
    LabelSuspended,
    NetworkChanged,
    OrganisationChanged,
    TargetSet,
    TrainingDescribed,
)
from shared.kernel.clock import SystemClock
from tests.labelling.builders import (
    CALL,
    DECIDED_ON,
    HOLDER,
    SITE,
    SUBMITTED_ON,
    Scene,
    a_call,
    a_decision,
    an_application,
    ok,
    refused,
)

APPLICATIONS = f"/v1/holders/{HOLDER}/applications"
SUBMISSION = {"intake": "releve-1", "submitted_on": SUBMITTED_ON}

MEMBERS = [{"holder": HOLDER, "application": name, "since": DECIDED_ON} for name in ("FORM-001", "FORM-002")]
BRIDGE = {
    "from": {"holder": HOLDER, "training": "FORM-001"},
    "to": {"holder": HOLDER, "training": "FORM-002"},
    "kind": "next_level",
    "departement": "75",
    "open_from": "2016-03-01",
}


def statuses(answer: dict[str, Any]) -> list[str]:
    return [result["status"] for result in answer["results"]]


async def test_an_organisation_is_said_with_all_its_sites_and_only_when_it_changes(scene: Scene) -> None:
    for _ in range(2):
        body = {"name": "Autre nom", "legal_status": "private"}
        await ok(scene.holder.put(f"/v1/organisations/{HOLDER}", json=body))
    said = [fact for fact in await scene.service.said() if isinstance(fact, OrganisationChanged)]

    assert [fact.version for fact in said] == [1, 2, 3, 4]
    assert [len(fact.sites) for fact in said] == [0, 1, 2, 2]
    assert (said[-1].name, said[-1].legal_status) == ("Autre nom", "private")
    assert said[-1].sites[1].region == "52"


async def test_declarations_are_created_updated_unchanged_or_repeated(scene: Scene) -> None:
    one, other = an_application(reference="A"), an_application(reference="A", title="Autre titre")
    first = await scene.bulk("applications", [one, one, other, an_application(reference="B", call="x")])
    second = await scene.bulk("applications", [other])
    held = await ok(scene.holder.get(f"{APPLICATIONS}/A"))

    assert statuses(first) == ["created", "duplicate", "updated", "rejected"]
    assert first["results"][3]["errors"][0]["pointer"] == "/call"
    assert statuses(second) == ["unchanged"]
    assert (held["version"], held["content"]["title"]) == (2, "Autre titre")
    assert held["evaluation"]["preview"]


async def test_a_submission_is_judged_at_once_and_pins_its_criteria(scene: Scene) -> None:
    await scene.bulk(
        "applications",
        [
            an_application(reference="GOOD"),
            an_application(reference="PAID", free_of_charge=False, insertion_objective_percent=None),
        ],
    )
    lot = [{"reference": name, **SUBMISSION} for name in ("GOOD", "PAID", "GOOD", "NOBODY")]
    answer = await scene.bulk("submissions", lot)
    paid = await ok(scene.holder.get(f"{APPLICATIONS}/PAID"))

    assert statuses(answer) == ["accepted", "accepted", "duplicate", "rejected"]
    assert answer["results"][0]["state"] == "in_review"
    assert answer["results"][1]["failed_eligibility"] == [
        {"criterion": "free_for_learner", "result": "not_met"},
        {"criterion": "insertion_objective", "result": "unknown"},
    ]
    assert answer["results"][3]["errors"][0]["code"] == "application_unknown"
    assert paid["state"] == "inadmissible"
    assert paid["evaluation"]["criteria_set"] == "gen-2016@1"
    assert not paid["evaluation"]["preview"]
    objective = next(f for f in paid["evaluation"]["findings"] if f["criterion"] == "insertion_objective")
    assert (objective["evidence"], objective["threshold"], objective["flip"]) == (
        None,
        60,
        {"to": 60, "change": None},
    )


async def test_what_was_submitted_is_frozen_and_can_be_sent_again(scene: Scene) -> None:
    path = f"{APPLICATIONS}/FORM-001"
    submitted = await scene.submitted("FORM-001")

    assert await ok(scene.holder.put(f"{path}/submission", json=SUBMISSION)) == submitted
    assert await ok(scene.holder.put(path, json=an_application())) == submitted
    other = {**SUBMISSION, "submitted_on": "2015-10-13"}
    assert await refused(scene.holder.put(path, json=an_application(title="B")), status=409) == (
        "content_frozen",
        [("", "content_frozen")],
    )
    assert (await refused(scene.holder.put(f"{path}/submission", json=other), status=409))[0] == (
        "submission_differs"
    )
    assert (
        await refused(scene.holder.put(f"{APPLICATIONS}/NOBODY/submission", json=SUBMISSION), status=404)
    )[0] == "application_unknown"


async def test_an_old_date_needs_the_right_and_is_journalled_once_per_call(scene: Scene) -> None:
    plain = scene.service.client("labelling:apply", org=HOLDER)
    await scene.bulk("applications", [an_application(reference=name) for name in ("A", "B")])
    late = plain.put(f"{APPLICATIONS}/A/submission", json=SUBMISSION)

    assert await refused(late, status=403) == (
        "backfill_scope_required",
        [("/submitted_on", "backfill_scope_required")],
    )
    lot = [{"reference": name, **SUBMISSION} for name in ("A", "B")]
    for _ in range(2):
        await scene.bulk("submissions", lot)
    journal = await scene.service.rows("SELECT client_id, action, detail FROM labelling.journal")
    assert [(row["client_id"], row["action"], row["detail"]) for row in journal] == [
        (HOLDER, "backfill", '{"acts": 2, "what": "submissions"}')
    ]


async def test_an_open_application_is_taken_back(scene: Scene) -> None:
    path = f"{APPLICATIONS}/FORM-001/withdrawal"
    await scene.submitted("FORM-001")

    assert (await ok(scene.holder.put(path, json={"withdrawn_on": "2015-12-01"})))["state"] == "withdrawn"
    assert (await ok(scene.holder.put(path, json={"withdrawn_on": "2015-12-01"})))["version"] == 3
    assert (await refused(scene.holder.put(path, json={"withdrawn_on": "2015-12-02"}), status=409))[0] == (
        "withdrawal_differs"
    )
    decision = scene.office.put("/v1/decisions/DEC-1", json=a_decision("FORM-001"))
    assert await refused(decision, status=409) == ("wrong_state", [("/state", "wrong_state")])
    nobody = scene.holder.put(f"{APPLICATIONS}/NOBODY/withdrawal", json={"withdrawn_on": "2015-12-01"})
    assert (await refused(nobody, status=404))[0] == "not_found"


async def test_a_grant_says_the_training_and_its_label(scene: Scene) -> None:
    (result,) = await scene.label("FORM-001", innovative=None)
    again = a_decision("FORM-001", reference="DEC-FORM-001")
    repeated = await ok(scene.office.post("/v1/decisions", json={"items": [again]}))
    said = await scene.service.said()
    (described,) = (fact for fact in said if isinstance(fact, TrainingDescribed))
    (granted,) = (fact for fact in said if isinstance(fact, LabelGranted))

    assert statuses(repeated) == ["unchanged"]
    assert result["label_id"] == str(granted.label_id) == str(label_id_of(HOLDER, "FORM-001"))
    assert described.training_id == granted.training_id == training_id_of(HOLDER, "FORM-001")
    assert (described.siret, described.code_insee, described.region) == (SITE, "75056", "11")
    assert (described.innovative, described.need_kinds) == (False, ("company",))
    assert (str(granted.valid_from), str(granted.valid_until)) == (DECIDED_ON, "2019-02-02")
    assert len(said) == 5


async def test_decisions_are_refused_by_rule(scene: Scene) -> None:
    await scene.submitted("FORM-001")
    put = scene.office.put
    cases: list[tuple[dict[str, Any], int, str, str]] = [
        ({"outcome": "refused"}, 422, "/reasons", "reasons_required"),
        ({"decided_on": "2015-10-01"}, 422, "/decided_on", "before_submission"),
        ({"decided_on": "2199-01-01"}, 422, "/decided_on", "date_in_future"),
        ({"application": "FORM-999"}, 422, "/application", "application_unknown"),
    ]

    for changes, status, pointer, code in cases:
        call = put("/v1/decisions/DEC-1", json=a_decision("FORM-001", **changes))
        assert await refused(call, status=status) == (code, [(pointer, code)])
    await ok(put(f"/v1/calls/{CALL}", json=a_call(closed_to_new_labels_on="2016-02-01")))
    closed = put("/v1/decisions/DEC-1", json=a_decision("FORM-001"))
    assert (await refused(closed, status=409))[0] == "closed_to_new_labels"


async def test_a_refusal_reaches_the_holder_and_is_not_rewritten(scene: Scene) -> None:
    await scene.submitted("FORM-001")
    reasons = [{"code": "weak_needs", "text": "Besoins trop éloignés du territoire."}]
    body = a_decision("FORM-001", outcome="refused", reasons=reasons)
    await ok(scene.office.put("/v1/decisions/DEC-1", json=body))
    application = await ok(scene.holder.get(f"{APPLICATIONS}/FORM-001"))

    assert (application["state"], application["label"]) == ("refused", None)
    assert application["decision"]["reasons"] == reasons
    other = scene.office.put("/v1/decisions/DEC-1", json=a_decision("FORM-001"))
    assert (await refused(other, status=409))[0] == "decision_differs"
    second = scene.office.put("/v1/decisions/DEC-2", json=body)
    assert (await refused(second, status=409))[0] == "wrong_state"


async def test_five_hundred_applications_pass_in_bulk(scene: Scene) -> None:
    names = [f"FORM-{number:03d}" for number in range(500)]
    results = await scene.label(*names)
    said = await scene.service.said()
    verification = await ok(scene.office.get("/v1/decision-log/verification"))

    assert {result["status"] for result in results} == {"created"}
    assert sum(isinstance(fact, LabelGranted) for fact in said) == 500
    assert (verification["valid"], verification["decisions"]) == (True, 500)


async def test_a_label_is_suspended_reinstated_and_revoked(scene: Scene) -> None:
    (result,) = await scene.label("FORM-001")
    base = f"/v1/labels/{result['label_id']}/changes"
    acts = [
        ("A", "suspended", "2016-09-01"),
        ("B", "reinstated", "2016-10-01"),
        ("C", "revoked", "2017-05-01"),
    ]
    for reference, kind, on in [*acts, acts[0]]:
        body = {"kind": kind, "effective_on": on, "reason": "Motif"}
        label = await ok(scene.office.put(f"{base}/{reference}", json=body))
    said = (await scene.service.said())[-3:]

    assert [type(fact) for fact in said] == [LabelSuspended, LabelReinstated, LabelRevoked]
    assert [fact.version for fact in said] == [2, 3, 4]
    assert [change["reference"] for change in label["changes"]] == ["A", "B", "C"]
    assert label["suspensions"] == [{"since": "2016-09-01", "until": "2016-09-30"}]
    other = {"kind": "revoked", "effective_on": "2016-09-01", "reason": "Motif"}
    assert (await refused(scene.office.put(f"{base}/A", json=other), status=409))[0] == "label_change_differs"
    assert (await refused(scene.office.put(f"{base}/D", json=other), status=409))[0] == "label_revoked"
    unknown = f"/v1/labels/{training_id_of(HOLDER, 'X')}/changes/A"
    assert (await refused(scene.office.put(unknown, json=other), status=404))[0] == "not_found"


async def test_networks_and_bridges_are_said_when_they_change(scene: Scene) -> None:
    await scene.label("FORM-001", "FORM-002")
    before = len(await scene.service.said())
    for path, body in [
        ("networks/reseau-1", {"name": "Alpha", "members": MEMBERS}),
        ("networks/reseau-1", {"name": "Alpha", "members": MEMBERS[::-1]}),
        ("networks/reseau-1", {"name": "Alpha", "members": MEMBERS[:1]}),
        ("bridges/p-1", BRIDGE),
        ("bridges/p-1", BRIDGE),
        ("bridges/p-1", {**BRIDGE, "conditions": "Entretien"}),
        ("bridges/p-1", {**BRIDGE, "conditions": "Entretien", "open_until": "2017-03-01"}),
    ]:
        await ok(scene.office.put(f"/v1/{path}", json=body))

    assert [(type(fact), fact.version) for fact in (await scene.service.said())[before:]] == [
        (NetworkChanged, 1),
        (NetworkChanged, 2),
        (BridgeOpened, 1),
        (BridgeOpened, 2),
        (BridgeClosed, 3),
    ]
    moved = {**BRIDGE, "departement": "93"}
    assert (await refused(scene.office.put("/v1/bridges/p-1", json=moved), status=409))[0] == "bridge_fixed"
    nobody = {"name": "Bêta", "members": [{**MEMBERS[0], "application": "FORM-999"}]}
    assert await refused(scene.office.put("/v1/networks/reseau-2", json=nobody), status=422) == (
        "training_unknown",
        [("/members/0", "training_unknown")],
    )


async def test_a_target_is_said_when_it_changes(scene: Scene) -> None:
    target = {
        "indicator": "trainings_labelled_cum",
        "value": 400,
        "due_on": "2017-12-31",
        "label": {"fr": "400 formations", "en": "400 trainings"},
    }
    for body in (target, target, {**target, "value": 410}):
        await ok(scene.office.put("/v1/targets/t-1", json=body))
    said = [fact for fact in await scene.service.said() if isinstance(fact, TargetSet)]

    assert [(fact.version, fact.value) for fact in said] == [(1, 400), (2, 410)]


async def test_todays_acts_need_no_backfill_and_leave_no_journal(scene: Scene) -> None:
    today = str(SystemClock().today())
    intake = {"reference": "releve-9", "opens_on": today, "closes_on": today}
    await ok(scene.office.put("/v1/calls/appel-9", json=a_call(intakes=[intake])))
    plain = scene.service.client("labelling:apply", org=HOLDER)
    await ok(plain.put(f"{APPLICATIONS}/FORM-001", json=an_application(call="appel-9")))
    body = {"intake": "releve-9", "submitted_on": today}
    answer = await ok(plain.put(f"{APPLICATIONS}/FORM-001/submission", json=body))

    assert answer["state"] == "in_review"
    assert await scene.service.rows("SELECT 1 FROM labelling.journal") == []
