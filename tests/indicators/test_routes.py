"""Figures over HTTP: who may read what, what explains a figure, what was known when, and every refusal."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any

from shared.events import labelling
from shared.events.envelope import Fact
from tests.indicators.told import (
    HOLDER,
    OTHER_HOLDER,
    an_id,
    described,
    enrolled,
    labelled,
    settled,
    target,
)
from tests.support.under_test import ServiceUnderTest

EXACT = "/v1/exact/indicators"


def _world() -> list[Fact]:
    """Two trainings of two holders in two regions: ten and five enrolments, four and two of them completed in July."""
    facts: list[Fact] = [
        described(),
        described("other", holder=OTHER_HOLDER, region="84", certification_kind="none", support=()),
        labelled(),
        labelled("other", holder=OTHER_HOLDER, valid_until=date(2016, 10, 31)),
    ]
    for number in range(15):
        mine, ended = number < 10, number in {0, 1, 2, 3, 10, 11}
        facts.append(
            enrolled(
                f"e{number}",
                training="training" if mine else "other",
                holder=HOLDER if mine else OTHER_HOLDER,
                status="completed" if ended else "in_training",
                women="yes" if number % 3 == 0 else "unknown" if number == 1 else "no",
            )
        )
    facts += [settled("e0"), settled("e1", "unemployed"), settled("e10")]
    return facts


async def _ask(
    service: ServiceUnderTest, indicator: str, *, org: str | None = None, **asked: Any
) -> dict[str, Any]:
    async with service.client("indicators:exact", org=org) as client:
        answer = await client.get(f"{EXACT}/{indicator}", params={"purpose": "a test"} | asked)
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


async def test_a_figure_explains_itself(indicators: ServiceUnderTest) -> None:
    await indicators.hear(*_world())

    figure = await _ask(indicators, "insertion_6", as_of="2017-03-02")

    assert (figure["value"], figure["ratio"], figure["unknowns"]) == (67, "2/3", 3)
    assert (figure["matured"], figure["exits"]) == (6, 6)
    assert figure["response"] == {"respondents": 3, "eligible": 6, "percent": 50.0}
    assert figure["bounds"] == {"low": 33.3, "high": 83.3}
    assert figure["interval"]["method"] == "wilson"
    assert set(figure["interval"]["finite_population"]) == {"low", "high"}
    assert figure["parts"]["e"] + figure["parts"]["u"] + figure["parts"]["q"] == figure["parts"]["m"]
    assert (figure["obs_status"], figure["conf_status"]) == (["P", "N"], "N")
    assert len(figure["definition_digest"]) == 64
    assert set(figure["heard"]) == {"labelling", "enrolment", "followup"}


FIGURES: list[tuple[str, dict[str, str], float | None]] = [
    ("entries", {"period": "2016"}, 15),
    ("entries", {"period": "2016-Q1", "region": "84"}, 5),
    ("entries", {"period": "2016-04"}, 0),
    ("entries", {"period": "2016", "flag": "women:yes"}, 5),
    ("entries", {"period": "2016", "flag": "women:no"}, 9),
    ("entries", {"period": "2016", "training": str(an_id("other"))}, 5),
    ("completions", {"period": "2016-07-01..2016-07-01"}, 6),
    ("completions", {"period": "2016", "as_of": "2016-06-30"}, 0),
    ("abandons", {"period": "2016"}, 0),
    ("completion_rate", {"period": "2016"}, 100),
    ("in_training", {"as_of": "2016-06-30"}, 15),
    ("in_training", {"as_of": "2016-07-01"}, 9),
    ("in_training", {"as_of": "2016-12-28"}, 0),
    ("trained_or_in_training", {"as_of": "2016-12-27"}, 15),
    ("trained_or_in_training", {"as_of": "2016-12-28"}, 6),
    ("trained_or_in_training", {"as_of": "2016-12-28", "region": "84"}, 2),
    ("trained_or_in_training", {"as_of": "2016-12-28", "training": str(an_id("training"))}, 4),
    ("share_women", {"period": "2016"}, 36),
    ("maturity_6", {"as_of": "2017-03-02"}, 100),
    ("response_6", {"as_of": "2017-03-02", "period": "2016-Q3"}, 50),
    ("response_6", {"as_of": "2017-03-02", "period": "2016-Q2"}, None),
    ("insertion_6", {"as_of": "2017-01-30"}, None),
    ("mix_6_non_precarious", {"as_of": "2017-03-02"}, 100),
    ("trainings_labelled", {"as_of": "2016-10-31"}, 2),
    ("trainings_labelled", {"as_of": "2016-11-01"}, 1),
    ("trainings_labelled", {"as_of": "2016-02-02"}, 0),
    ("trainings_labelled_cum", {"as_of": "2016-11-01"}, 2),
    ("trainings_labelled", {"as_of": "2016-10-31", "region": "84"}, 1),
    ("trainings_labelled", {"as_of": "2016-10-31", "training": str(an_id("other"))}, 1),
    ("share_titre_pro", {"as_of": "2016-10-31"}, 50),
    ("share_support", {"as_of": "2016-10-31"}, 50),
    ("share_practice", {"as_of": "2016-10-31"}, 100),
    ("avg_duration_months", {"as_of": "2016-10-31"}, 4.0),
    ("share_hours_inperson", {"as_of": "2016-10-31"}, 100),
    ("share_free", {"as_of": "2016-02-02"}, None),
]


async def test_every_clock_has_its_figures_now_and_as_they_are_known(indicators: ServiceUnderTest) -> None:
    await indicators.hear(*_world())
    known_at = datetime.now(UTC).isoformat()

    for indicator, asked, value in FIGURES:
        now, then = [
            await _ask(indicators, indicator, **asked, **more) for more in ({}, {"known_at": known_at})
        ]
        assert (indicator, asked, now["value"]) == (indicator, asked, value)
        assert {**now, "known_at": known_at} == {**then, "known_at": known_at}


async def test_an_instant_of_the_past_gives_what_was_known_then(indicators: ServiceUnderTest) -> None:
    asked = {"as_of": "2017-03-02"}
    instants, answers = [], []
    for facts in (
        [enrolled("a", status="completed"), enrolled("b", status="completed"), labelled()],
        [settled("a")],
        [settled("b", "unemployed"), described()],
        [
            settled("a", "unemployed", version=2),
            enrolled("b", status="abandoned", version=2),
            described(version=2, region="84"),
        ],
    ):
        await indicators.hear(*facts)
        instants.append(datetime.now(UTC).isoformat())
        answers.append([(await _ask(indicators, one, **asked))["ratio"] for one in _PAST])
        await asyncio.sleep(0.002)

    for instant, answer in zip(instants, answers, strict=True):
        known = [await _ask(indicators, one, known_at=instant, **asked) for one in _PAST]
        assert [one["ratio"] for one in known] == answer
    assert [answer[0] for answer in answers] == ["0/0", "1/1", "1/2", "0/1"]


_PAST = ("insertion_6", "response_6", "share_titre_pro")


async def test_an_instant_of_the_past_places_enrolments_where_they_were(indicators: ServiceUnderTest) -> None:
    await indicators.hear(described(region="11"), enrolled("a"))
    before = datetime.now(UTC).isoformat()
    await indicators.hear(described(region="84", version=2))

    asked = {"period": "2016", "region": "11"}
    assert (await _ask(indicators, "entries", **asked))["value"] == 0
    assert (await _ask(indicators, "entries", known_at=before, **asked))["value"] == 1
    heads = {"as_of": "2016-04-01", "region": "11"}
    assert (await _ask(indicators, "trained_or_in_training", known_at=before, **heads))["value"] == 1


async def test_a_holder_sees_its_own_trainings_only(indicators: ServiceUnderTest) -> None:
    await indicators.hear(*_world())

    async def mine(indicator: str, **asked: Any) -> Any:
        return (await _ask(indicators, indicator, org=OTHER_HOLDER, **asked))["value"]

    assert await mine("entries", period="2016") == 5
    assert await mine("entries", period="2016", region="84") == 5
    assert await mine("entries", period="2016", region="11") == 0
    assert await mine("entries", period="2016", training=str(an_id("other"))) == 5
    assert await mine("trained_or_in_training", as_of="2016-12-28") == 2
    assert await mine("trained_or_in_training", as_of="2016-12-28", region="84") == 2
    assert await mine("trained_or_in_training", as_of="2016-12-28", region="11") == 0
    assert await mine("trainings_labelled", as_of="2016-10-31") == 1
    assert await mine("insertion_6", as_of="2017-03-02", known_at=datetime.now(UTC).isoformat()) == 100


async def test_a_holder_learns_nothing_of_a_foreign_training(indicators: ServiceUnderTest) -> None:
    await indicators.hear(*_world())
    asked = {"purpose": "a test", "period": "2016"}

    async with indicators.client("indicators:exact", org=HOLDER) as client:
        foreign = await client.get(f"{EXACT}/entries", params=asked | {"training": str(an_id("other"))})
        unknown = await client.get(f"{EXACT}/entries", params=asked | {"training": str(an_id("nobody's"))})

    assert (foreign.status_code, unknown.status_code) == (404, 404)
    assert foreign.json().keys() == unknown.json().keys()
    assert foreign.json()["code"] == unknown.json()["code"] == "not_found"


async def test_every_exact_reading_is_journalled_with_its_purpose(indicators: ServiceUnderTest) -> None:
    await _ask(indicators, "entries", org=HOLDER, period="2016", flag="qpv:yes")
    async with indicators.client("indicators:exact") as client:
        refused = await client.get(f"{EXACT}/entries", params={"period": "2016"})

    assert refused.status_code == 400
    rows = await indicators.rows("SELECT client_id, action, purpose, detail FROM indicators.journal")
    assert [(row["client_id"], row["action"], row["purpose"]) for row in rows] == [
        (HOLDER, "read_exact_indicator", "a test")
    ]
    for said in ("entries", "qpv:yes", HOLDER, "2016-12-31"):
        assert said in rows[0]["detail"]


BAD_QUESTIONS: list[tuple[str, dict[str, str], int, str, str | None]] = [
    ("nothing", {}, 404, "not_found", None),
    ("entries", {}, 400, "period_required", "/period"),
    ("entries", {"period": "2016-99"}, 400, "bad_period", "/period"),
    ("entries", {"period": "2016" * 9}, 400, "wrong_form", "/period"),
    ("in_training", {"period": "2016"}, 400, "period_not_applicable", "/period"),
    ("entries", {"period": "2016", "as_of": "2015-12-31"}, 400, "period_after_as_of", "/period"),
    ("insertion_6", {"as_of": "2017-02-30"}, 400, "bad_date", "/as_of"),
    ("insertion_6", {"as_of": "2190-01-01"}, 400, "date_in_future", "/as_of"),
    ("insertion_6", {"known_at": "0001-01-01T00:00:00+14:00"}, 400, "before_all", "/known_at"),
    ("insertion_6", {"known_at": "2190-01-01T00:00:00Z"}, 400, "date_in_future", "/known_at"),
    ("insertion_6", {"known_at": "2016-01-01T00:00:00"}, 400, "wrong_form", "/known_at"),
    ("insertion_6", {"region": "99"}, 400, "unknown_region", "/region"),
    ("insertion_6", {"flag": "men:yes"}, 400, "bad_flag", "/flag"),
    ("share_qpv", {"period": "2016", "flag": "qpv:yes"}, 400, "filter_not_available", "/flag"),
    ("insertion_6", {"training": "secret"}, 400, "wrong_type", "/training"),
    ("insertion_6", {"purpose": "x"}, 400, "wrong_form", "/purpose"),
    ("insertion_6", {"purpose": "a\x00b"}, 400, "forbidden_character", "/purpose"),
]


async def test_a_bad_question_is_refused_with_its_reason(indicators: ServiceUnderTest) -> None:
    async with indicators.client("indicators:exact") as client:
        for indicator, asked, status, code, pointer in BAD_QUESTIONS:
            answer = await client.get(f"{EXACT}/{indicator}", params={"purpose": "a test"} | asked)
            errors = answer.json().get("errors", [])
            codes = {answer.json()["code"], *(error["code"] for error in errors)}
            pointers = [error["pointer"] for error in errors]
            assert (answer.status_code, code in codes, pointers) == (
                status,
                True,
                [pointer] if pointer else [],
            ), asked
            assert "secret" not in answer.text


async def test_a_reader_may_wait_until_a_position_was_heard(indicators: ServiceUnderTest) -> None:
    await indicators.hear(enrolled("a"))
    asked = {"purpose": "a test", "period": "2016"}
    heard = await indicators.rows(
        "SELECT partition, last_seq FROM indicators.intake_position WHERE last_seq > 0"
    )
    place = f"enrolment/{heard[0]['partition']:02d}"

    async with indicators.client("indicators:exact") as client:
        there = await client.get(f"{EXACT}/entries", params=asked | {"at_least": f"{place}/1"})
        early = await client.get(f"{EXACT}/entries", params=asked | {"at_least": f"{place}/2"})

    assert there.json()["value"] == 1
    assert (early.status_code, early.json()["code"]) == (503, "not_heard_yet")
    assert "retry-after" in early.headers


RIGHTS = [
    (f"{EXACT}/entries?period=2016&purpose=test", "", 401, "unauthenticated"),
    (f"{EXACT}/entries?period=2016&purpose=test", "indicators:read", 403, "insufficient_scope"),
    ("/v1/indicators/entries", "indicators:exact", 403, "insufficient_scope"),
    ("/v1/indicators/entries", "indicators:read", 404, "no_release"),
    ("/v1/indicators/nothing", "indicators:read", 404, "not_found"),
    ("/v1/definitions", "outcomes:read", 403, "insufficient_scope"),
    ("/v1/definitions/nothing", "indicators:read", 404, "not_found"),
    ("/v1/targets", "", 401, "unauthenticated"),
]


async def test_who_may_read_what(indicators: ServiceUnderTest) -> None:
    for path, scope, status, code in RIGHTS:
        async with indicators.client(scope) as client:
            answer = await client.get(path)
        assert (path, answer.status_code, answer.json()["code"]) == (path, status, code)


async def test_definitions_can_be_read(indicators: ServiceUnderTest) -> None:
    async with indicators.client("indicators:read") as client:
        listed = (await client.get("/v1/definitions")).json()["items"]
        one = (await client.get("/v1/definitions/insertion_6")).json()

    assert one in listed
    assert (one["version"], one["content"]["clock"]["wave"]) == ("1.0.0", 6)
    assert one["label"] == {"fr": "Taux d'insertion à 6 mois", "en": "Insertion rate at 6 months"}


async def test_targets_say_how_far_they_are(indicators: ServiceUnderTest) -> None:
    await indicators.hear(
        *_world(),
        target("people", indicator="trained_or_in_training", value=10),
        target("trainings", indicator="trainings_labelled_cum", value=400),
        target("odd", indicator="happiness", value=1),
    )

    async with indicators.client("indicators:read") as client:
        items = (await client.get("/v1/targets", params={"as_of": "2016-12-28"})).json()["items"]
    async with indicators.client("indicators:exact", org=HOLDER) as client:
        of_holder = (await client.get("/v1/targets", params={"as_of": "2016-12-28"})).json()["items"]

    assert [(item["target_id"], item["progress"], item["percent"]) for item in items] == [
        ("odd", None, None),
        ("people", 6, 60.0),
        ("trainings", 2, 0.5),
    ]
    assert items[1]["due_on"] == "2017-12-31"
    assert {item["progress"] for item in of_holder} == {None}


async def test_a_client_with_a_mandate_reads_for_the_holder_it_names(indicators: ServiceUnderTest) -> None:
    indicators.app.state.mandates.keep_seconds = 0.0
    await indicators.hear(*_world(), _mandate())
    query = {"purpose": "a test", "as_of": "2017-03-02", "period": "2016"}
    vendor = indicators.client("indicators:exact", org="000000133", sub="vendor")
    own = await vendor.get(f"{EXACT}/entries", params=query)
    theirs = await vendor.get(f"{EXACT}/entries", params=query | {"holder": HOLDER})
    assert (own.json()["value"], theirs.json()["value"]) == (0, 10)
    for siren in (OTHER_HOLDER, "000000901"):
        refused = await vendor.get(f"{EXACT}/entries", params=query | {"holder": siren})
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    statistician = await _ask(indicators, "entries", as_of="2017-03-02", period="2016", holder=OTHER_HOLDER)
    assert statistician["value"] == 5


def _mandate() -> Fact:
    return labelling.MandateGranted(
        mandate_id=an_id("mandate"),
        holder=HOLDER,
        client_id="vendor",
        valid_from=date(2016, 1, 1),
        valid_until=date(2199, 12, 31),
        version=1,
    )
