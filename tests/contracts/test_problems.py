"""The catalogue of refusals is complete, in both languages, and served by each service."""

from pathlib import Path

import httpx
import pytest
import yaml

from shared.kernel import dates
from shared.kernel.errors import Rule
from shared.platform.edge import registry
from shared.platform.topology import SPEAKERS
from tests.contracts import problems
from tests.platform.toy import is_problem, toy

__all__ = ["toy"]
ROOT = Path(__file__).resolve().parents[2]


def words(service: str) -> set[str]:
    return set(yaml.safe_load((ROOT / "services" / service / "data" / "problems.yaml").read_text()))


@pytest.mark.parametrize("service", SPEAKERS)
def test_every_rule_is_explained_and_nothing_else_is(service: str) -> None:
    problems.load_everything()
    pronounced = {rule.code for rule in registry.rules_of(service)}
    explained = set(registry._words(service))
    assert (pronounced - explained, explained - pronounced) == (set(), set())


def test_a_rule_without_an_explanation_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "PLANTED", Rule("planted", fr="x", en="x"), raising=False)
    with pytest.raises(AssertionError, match="planted"):
        test_every_rule_is_explained_and_nothing_else_is("labelling")


@pytest.mark.parametrize("part", ["cause", "fix", "retry"])
def test_an_explanation_that_lacks_a_part_is_refused(part: str) -> None:
    both = {"fr": "x", "en": "x"}
    sound = {"cause": both, "fix": both, "retry": "never"}
    assert registry._explanation(Rule("a", fr="x", en="x"), sound).retry == "never"
    with pytest.raises(ValueError, match="a: cause and fix"):
        registry._explanation(Rule("a", fr="x", en="x"), sound | {part: {}})


@pytest.mark.parametrize("service", SPEAKERS)
def test_no_code_is_explained_twice(service: str) -> None:
    platform = set(yaml.safe_load((ROOT / "shared" / "platform" / "edge" / "problems.yaml").read_text()))
    assert words(service) & platform == set()


def test_the_page_of_the_documentation_is_up_to_date() -> None:
    assert (ROOT / "docs" / "problems.md").read_text() == problems.page()


async def test_the_type_of_a_problem_is_the_address_of_its_page(toy: httpx.AsyncClient) -> None:
    problem = is_problem(
        await toy.put("/v1/toys/1", content=b"{", headers={"Content-Type": "application/json"}),
        400,
        code="malformed_json",
    )
    nobody = {"Authorization": "", "Accept-Language": "en"}
    (item,) = (await toy.get(problem["type"], headers=nobody)).json()["items"]
    assert item["code"] == "malformed_json"
    assert item["retry"] == "changed"
    assert item["fix"].startswith("Make the body with a JSON library")
    page = await toy.get(
        problem["type"], headers=nobody | {"Accept": "text/html,*/*;q=0.1", "Accept-Language": "fr"}
    )
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<html lang=fr>" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    every = (await toy.get("/problems", headers=nobody)).json()["items"]
    assert {"malformed_json", "not_found", "wrong_state"} <= {one["code"] for one in every}
    is_problem(await toy.get("/problems/nothing"), 404, code="not_found")
    is_problem(await toy.get("/problems", headers={"Accept": "image/png"}), 406, code="not_acceptable")
