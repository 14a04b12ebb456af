"""The doors of labelling: who passes, what is refused, what is answered."""

from typing import Any

from tests.labelling.builders import (
    CALL,
    DECIDED_ON,
    HOLDER,
    OTHER_HOLDER,
    SITE,
    SITE_OF_OTHER_HOLDER,
    SUBMITTED_ON,
    Scene,
    a_call,
    a_decision,
    an_application,
    ok,
    refused,
)

APPLICATIONS = f"/v1/holders/{HOLDER}/applications"
SITES = f"/v1/holders/{HOLDER}/sites"


async def test_a_training_goes_from_its_application_to_the_public_register(scene: Scene) -> None:
    (result,) = await scene.label("FORM-001")
    application = await ok(scene.holder.get(f"{APPLICATIONS}/FORM-001"))
    listed = await ok(scene.public.get("/v1/register", params={"on": "2016-12-31"}))

    assert result["status"] == "created"
    assert application["state"] == "granted"
    assert application["decision"]["decided_on"] == DECIDED_ON
    assert application["label"]["valid_until"] == "2019-02-02"
    (entry,) = listed["items"]
    assert entry["label_id"] == result["label_id"]
    assert entry["status"] == "active"
    assert entry["site"]["region"] == "11"


async def test_an_organisation_is_read_by_itself_and_the_office_only(scene: Scene) -> None:
    statistician = scene.service.client("labelling:read")
    path = f"/v1/organisations/{HOLDER}"

    for client in (scene.holder, scene.office, statistician):
        assert (await ok(client.get(path)))["sites"][0]["siret"] == SITE
    assert (await refused(scene.stranger.get(path), status=404))[0] == "not_found"
    assert (await refused(scene.public.get(path), status=401))[0] == "unauthenticated"


FOREIGN_CALLS: list[tuple[str, str, Any]] = [
    ("PUT", f"/v1/organisations/{HOLDER}", {"name": "Autre", "legal_status": "private"}),
    ("PUT", f"{SITES}/{SITE}", {"name": "A", "code_insee": "75056", "open_from": "2015-01-01"}),
    ("PUT", f"{APPLICATIONS}/FORM-001", an_application()),
    ("POST", APPLICATIONS, {"items": []}),
    ("PUT", f"{APPLICATIONS}/FORM-001/submission", {"intake": "r", "submitted_on": SUBMITTED_ON}),
    ("POST", f"/v1/holders/{HOLDER}/submissions", {"items": []}),
    ("PUT", f"{APPLICATIONS}/FORM-001/withdrawal", {"withdrawn_on": SUBMITTED_ON}),
    ("GET", f"{APPLICATIONS}/FORM-001", None),
    ("GET", APPLICATIONS, None),
]
OFFICE_CALLS: list[tuple[str, str, Any]] = [
    ("PUT", f"/v1/calls/{CALL}", a_call()),
    ("PUT", "/v1/decisions/DEC-1", a_decision("FORM-001")),
    ("POST", "/v1/decisions", {"items": []}),
    ("GET", "/v1/decision-log/verification", None),
    ("PUT", "/v1/networks/reseau-1", {"name": "A"}),
    ("PUT", "/v1/bridges/p-1", {}),
    ("PUT", "/v1/targets/t-1", {}),
]
AGAINST_A_RULE: list[tuple[dict[str, Any], str, str]] = [
    ({"call": "appel-1999"}, "/call", "call_unknown"),
    ({"siret": None}, "/siret", "site_required"),
    ({"siret": SITE_OF_OTHER_HOLDER}, "/siret", "site_unknown"),
    ({"hours_inperson": 0, "hours_online": 0}, "/hours_inperson", "hours_required"),
    ({"certification": {"kind": "none", "level": 5}}, "/certification", "no_certification_no_entry"),
    (
        {"online_only": True, "siret": None},
        "/hours_inperson",
        "online_only_has_no_inperson_hours",
    ),
    ({"online_only": True, "hours_inperson": 0}, "/siret", "online_only_has_no_site"),
]
MISSHAPEN: list[tuple[dict[str, Any], str, str]] = [
    ({"title": None}, "/title", "missing_field"),
    ({"months": "sept-secret"}, "/months", "wrong_type"),
    ({"secret": "secret"}, "", "unknown_field"),
    ({"siret": "00000001800011"}, "/siret", "bad_siret"),
    ({"support": ["secret"]}, "/support/0", "wrong_value"),
    ({"audience_shares": {"women": 101}}, "/audience_shares/women", "wrong_form"),
    ({"needs": [{"kind": "company"}]}, "/needs/0/siret", "missing_field"),
]


async def test_another_tenants_paths_do_not_exist(scene: Scene) -> None:
    await ok(scene.holder.put(f"{APPLICATIONS}/FORM-001", json=an_application()))

    for method, path, body in FOREIGN_CALLS:
        answer = await refused(scene.stranger.request(method, path, json=body), status=404)
        assert answer == ("not_found", []), path


async def test_a_holder_does_not_pass_the_offices_doors(scene: Scene) -> None:
    for method, path, body in OFFICE_CALLS:
        code, _ = await refused(scene.holder.request(method, path, json=body), status=403)
        assert code == "insufficient_scope", path


async def test_a_site_stands_under_the_siren_of_its_organisation(scene: Scene) -> None:
    site = {"name": "Fabrique", "code_insee": "75056", "open_from": "2015-01-01"}

    assert await refused(scene.holder.put(f"{SITES}/{SITE_OF_OTHER_HOLDER}", json=site), status=422) == (
        "siret_of_another_organisation",
        [("/siret", "siret_of_another_organisation")],
    )
    assert await refused(
        scene.holder.put(f"{SITES}/{SITE}", json={**site, "code_insee": "99001"}), status=422
    ) == ("unknown_departement", [("/code_insee", "unknown_departement")])


async def test_nothing_is_declared_for_an_unknown_organisation(scene: Scene) -> None:
    site = {"name": "Fabrique", "code_insee": "75056", "open_from": "2015-01-01"}
    base = f"/v1/holders/{OTHER_HOLDER}"

    for call in (
        scene.stranger.put(f"{base}/sites/{SITE_OF_OTHER_HOLDER}", json=site),
        scene.stranger.put(f"{base}/applications/FORM-001", json=an_application()),
    ):
        assert (await refused(call, status=409))[0] == "organisation_unknown"


async def test_a_declaration_against_a_rule_is_refused(scene: Scene) -> None:
    for changes, pointer, code in AGAINST_A_RULE:
        call = scene.holder.put(f"{APPLICATIONS}/FORM-001", json=an_application(**changes))
        assert await refused(call, status=422) == (code, [(pointer, code)])


async def test_a_misshapen_field_is_named_and_never_repeated(scene: Scene) -> None:
    for changes, pointer, code in MISSHAPEN:
        answer = await scene.holder.put(f"{APPLICATIONS}/FORM-001", json=an_application(**changes))
        assert answer.status_code == 422
        assert (pointer, code) in [(each["pointer"], each["code"]) for each in answer.json()["errors"]]
        assert "secret" not in answer.text


async def test_a_misshapen_item_is_refused_alone(scene: Scene) -> None:
    items = [an_application(**changes, reference=f"FORM-{n}") for n, (changes, _, _) in enumerate(MISSHAPEN)]
    answer = await scene.bulk("applications", [*items, an_application(reference="FORM-OK")])

    assert answer["summary"] == {"rejected": len(MISSHAPEN), "created": 1}
    for (_, pointer, code), result in zip(MISSHAPEN, answer["results"], strict=False):
        assert (pointer, code) in [(each["pointer"], each["code"]) for each in result["errors"]]
    assert "secret" not in str(answer)


async def test_a_bad_date_is_named(scene: Scene) -> None:
    body = {"intake": "releve-1", "submitted_on": "12/10/2015"}

    assert await refused(scene.holder.put(f"{APPLICATIONS}/FORM-001/submission", json=body), status=422) == (
        "invalid_request",
        [("/submitted_on", "bad_date")],
    )


async def test_calls_and_criteria_are_public(scene: Scene) -> None:
    calls = await ok(scene.public.get("/v1/calls"))
    call = await ok(scene.public.get(f"/v1/calls/{CALL}"))
    criteria = await ok(scene.public.get("/v1/criteria-sets/gen-2016@1"))

    assert calls == {"items": [call], "next": None}
    assert call["label_months"] == 36
    assert {"eligibility", "selection", "target", "priority"} == {
        each["kind"] for each in criteria["criteria"]
    }
    assert (await refused(scene.public.get("/v1/criteria-sets/gen-2016@2"), status=404))[0] == "not_found"
    assert (await refused(scene.public.get("/v1/calls/appel-1999"), status=404))[0] == "not_found"


async def test_a_call_names_a_criteria_set_that_exists_and_sound_intakes(scene: Scene) -> None:
    twice = [{"reference": "r", "opens_on": "2015-09-01", "closes_on": "2015-08-01"}] * 2

    assert await refused(
        scene.office.put("/v1/calls/a", json=a_call(criteria_set="gen-2016@9")), status=422
    ) == ("criteria_set_unknown", [("/criteria_set", "criteria_set_unknown")])
    _, errors = await refused(scene.office.put("/v1/calls/a", json=a_call(intakes=twice)), status=422)
    assert ("/intakes/1/reference", "intake_repeated") in errors
    assert ("/intakes/0/opens_on", "intake_before_call") in errors
    assert ("/intakes/0/closes_on", "period_reversed") in errors


async def test_a_call_can_change_and_says_its_version(scene: Scene) -> None:
    again = await ok(scene.office.put(f"/v1/calls/{CALL}", json=a_call()))
    changed = await ok(scene.office.put(f"/v1/calls/{CALL}", json=a_call(title="Autre titre")))

    assert (again["version"], changed["version"]) == (1, 2)


async def test_a_page_of_applications_leads_to_the_next(scene: Scene) -> None:
    await scene.bulk("applications", [an_application(reference=f"FORM-{n}") for n in range(1, 6)])
    first = await ok(scene.holder.get(APPLICATIONS, params={"limit": 3}))
    second = await ok(scene.holder.get(APPLICATIONS, params={"limit": 3, "after": first["next"]}))
    none = await ok(scene.holder.get(APPLICATIONS, params={"state": "granted"}))

    assert [item["reference"] for item in first["items"]] == ["FORM-1", "FORM-2", "FORM-3"]
    assert [item["reference"] for item in second["items"]] == ["FORM-4", "FORM-5"]
    assert second["next"] is None
    assert none["items"] == []
