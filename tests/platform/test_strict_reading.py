"""Strict reading: what parsers read differently is refused by name, on bulk and on ordinary routes alike."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.platform.edge.fields import Body
from shared.platform.edge.problems import ProblemError
from shared.platform.edge.strict_json import MAX_DEPTH, check_json, check_valid_json
from tests.platform.toy import SECRET, is_problem

ROUTES = [("PUT", "/v1/toys/1"), ("POST", "/v1/toys")]
JSON = {"Content-Type": "application/json"}
DIGITS = "9" * 5000


def nested(depth: int) -> str:
    return '{"a":' * depth + "1" + "}" * depth


UNREADABLE: dict[str, tuple[str | bytes, int, str]] = {
    "truncated": ("{", 400, "malformed_json"),
    "not utf-8": (b'{"note": "\x80\x81\xff"}', 400, "malformed_json"),
    "utf-16": ('{"note": "x"}'.encode("utf-16"), 400, "malformed_json"),
    "NaN": ('{"note": NaN}', 400, "malformed_json"),
    "Infinity": ('{"note": -Infinity}', 400, "malformed_json"),
    "overflow": ('{"note": 1e999}', 400, "number_out_of_range"),
    "underflow": ('{"note": 1e-999999}', 400, "number_out_of_range"),
    "digits": (f'{{"note": {DIGITS}}}', 400, "number_out_of_range"),
    "lone surrogate": (r'{"note": "\ud800"}', 422, "invalid_unicode"),
    "a name twice": ('{"reference": "a", "reference": "b"}', 400, "duplicate_key"),
    "33 deep": (nested(MAX_DEPTH + 1), 400, "too_deep"),
    "100,000 deep": ("[" * 100_000, 400, "too_deep"),
    "10,001 names": (json.dumps({f"k{n}": 1 for n in range(10_001)}), 413, "too_large"),
    "trailing": ('{"reference": "a"} x', 400, "malformed_json"),
    "control character": ('{"note": "a\nb"}', 400, "malformed_json"),
    "single quotes": ("{'reference': 'a'}", 400, "malformed_json"),
    "comment": ('{"reference": "a" /* b */}', 400, "malformed_json"),
    "nothing": ("", 400, "missing_body"),
    "blank": (" \n", 400, "missing_body"),
}


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("case", UNREADABLE)
async def test_what_cannot_be_read_is_refused_by_name(
    toy: httpx.AsyncClient, method: str, path: str, case: str
) -> None:
    content, status, code = UNREADABLE[case]
    answer = await toy.request(method, path, content=content, headers=JSON)
    is_problem(answer, status, code=code)
    assert (await toy.get("/v1/toys")).json() == {"count": 0}


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Content-Type": "text/plain"}, "unsupported_media_type"),
        ({}, "unsupported_media_type"),
        ({"Content-Type": "application/json; charset=utf-16"}, "unsupported_media_type"),
        ({"Content-Type": "application/json; charset=latin-1"}, "unsupported_media_type"),
        ({"Content-Type": "application/json/x"}, "unsupported_media_type"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, "unsupported_media_type"),
        (JSON | {"Content-Encoding": "gzip"}, "unsupported_encoding"),
    ],
)
async def test_another_media_type_is_refused(
    toy: httpx.AsyncClient, method: str, path: str, headers: dict[str, str], code: str
) -> None:
    is_problem(await toy.request(method, path, content=b"{}", headers=headers), 415, code=code)


@pytest.mark.parametrize(
    "media_type", ["application/json", "Application/JSON; charset=UTF-8", 'application/json;charset="utf-8"']
)
async def test_json_in_utf_8_is_read_with_or_without_a_mark_before_it(
    toy: httpx.AsyncClient, media_type: str
) -> None:
    for mark in (b"", b"\xef\xbb\xbf"):
        body = mark + '{"reference": "a", "note": "déjà"}'.encode()
        answer = await toy.put("/v1/toys/1", content=body, headers={"Content-Type": media_type})
        assert answer.status_code == 200


async def test_the_byte_from_which_on_it_cannot_be_read_is_said(toy: httpx.AsyncClient) -> None:
    answer = await toy.put("/v1/toys/1", content='{"é": 1,}'.encode(), headers=JSON)
    (error,) = is_problem(answer, 400, code="malformed_json")["errors"]
    assert error["expected"] == "JSON (RFC 8259), from byte 9 on"


async def test_a_nul_rejects_its_item_and_not_the_call(toy: httpx.AsyncClient) -> None:
    alone = await toy.put("/v1/toys/1", json={"reference": "a", "note": "x\0"})
    (error,) = is_problem(alone, 422, code="forbidden_character")["errors"]
    assert error["pointer"] == "/note"
    items = [{"reference": "a"}, {"reference": "b", "note": "x\0"}, {"reference": "c", "on": SECRET}]
    answer = await toy.post("/v1/toys", json={"items": items})
    assert answer.json()["summary"] == {"accepted": 1, "rejected": 2}


@pytest.mark.parametrize(
    ("query", "code", "expected"),
    [
        ("at_leest=labelling/00/1", "unknown_parameter", "at_least"),
        ("regoin=x", "unknown_parameter", "at_least"),
        ("at_least=labelling/00/1&at_least=labelling/00/2", "repeated_parameter", "once"),
        (f"{SECRET}=1", "unknown_parameter", "at_least"),
    ],
)
async def test_a_parameter_nobody_declared_is_refused_with_the_nearest_one(
    toy: httpx.AsyncClient, query: str, code: str, expected: str
) -> None:
    body = is_problem(await toy.get(f"/v1/toys?{query}"), 400, code=code)
    assert body["errors"][0]["expected"] == expected


@pytest.mark.parametrize("value", ["%00", "labelling/00/1%00", "%C3%84%00%C3%A3"])
async def test_a_parameter_holds_no_nul(toy: httpx.AsyncClient, value: str) -> None:
    body = is_problem(await toy.get(f"/v1/toys?at_least={value}"), 400, code="invalid_request")
    assert [(error["pointer"], error["code"]) for error in body["errors"]] == [
        ("/at_least", "forbidden_character")
    ]


async def test_who_calls_is_asked_before_what_is_said(toy: httpx.AsyncClient) -> None:
    nobody = {"Authorization": ""} | JSON
    for method, path in ROUTES:
        is_problem(
            await toy.request(method, f"{path}?x=1", content=b"{", headers=nobody),
            401,
            code="unauthenticated",
        )


TEXTS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=12)
CONTENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@given(CONTENTS, st.booleans(), st.sampled_from([None, 1]))
def test_a_sound_text_is_read_as_it_is(content: Any, escaped: Any, indent: int | None) -> None:
    raw = json.dumps(content, ensure_ascii=escaped, indent=indent).encode()
    assert check_json(raw) == content


class Node(Body):
    label: str
    one: "Node | None" = None
    many: "list[Node] | None" = None


NODES = st.recursive(
    st.fixed_dictionaries({"label": TEXTS}),
    lambda inner: st.fixed_dictionaries(
        {"label": TEXTS}, optional={"one": inner, "many": st.lists(inner, max_size=3)}
    ),
    max_leaves=12,
)


@given(NODES, st.booleans(), st.sampled_from([None, 1]))
def test_a_sound_text_that_a_model_has_read_passes(content: Any, escaped: Any, indent: int | None) -> None:
    raw = json.dumps(content, ensure_ascii=escaped, indent=indent).encode()
    check_valid_json(raw, Node.model_validate_json(raw))


@given(NODES, st.booleans(), st.sampled_from([":", " : ", "\t:", "\n:"]), TEXTS)
def test_a_name_that_stands_twice_is_seen_both_ways(
    content: dict[str, Any], escaped: Any, colon: str, text: str
) -> None:
    again = f'"label"{colon}{json.dumps(text, ensure_ascii=escaped)}'
    inner = json.dumps(content, ensure_ascii=escaped)
    raw = f'{{"label": "top", "many": [{inner[:-1]}, {again}}}]}}'.encode()
    with pytest.raises(ProblemError, match="duplicate_key"):
        check_json(raw)
    with pytest.raises(ProblemError, match="duplicate_key"):
        check_valid_json(raw, Node.model_validate_json(raw))
