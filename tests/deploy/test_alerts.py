"""Every alarm is well formed, names figures that exist and a page that says what to do; every page has an alarm."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

from deploy.local.place import PROJECT
from shared.platform import metrics

ALERTS = PROJECT / "deploy" / "prometheus" / "alerts.yml"
RUNBOOKS = PROJECT / "docs" / "runbooks"
SECTIONS = ["## What it means", "## How to see it", "## What to do", "## What not to do"]
DURATION = re.compile(r"\d+[smhd]")
SELECTOR = re.compile(r"(tremplin_\w+)(?:\{([^}]*)\})?")
GROUPED = re.compile(r"by \(([\w, ]+)\)")


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def figures() -> dict[str, tuple[str, ...]]:
    """Labels of each figure by the name under which it is scraped."""
    found: dict[str, tuple[str, ...]] = {}
    for figure in vars(metrics).values():
        if isinstance(figure, MetricWrapperBase):
            for family in figure.describe():
                total = "_total" if family.type == "counter" else ""
                found[family.name + total] = figure._labelnames
    return found


def faults(rule: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a rule."""
    yield from _of_expression(rule["expr"])
    sound = {
        "its name is not ours": re.fullmatch(r"Tremplin[A-Za-z]+", rule["alert"]),
        "its duration cannot be read": DURATION.fullmatch(rule.get("for", "0s")),
        "its severity is neither page nor ticket": rule["labels"].get("severity") in {"page", "ticket"},
        "says nothing": rule["annotations"].get("summary"),
        "its page is missing": (PROJECT / rule["annotations"].get("runbook", "none")).is_file(),
    }
    yield from (fault for fault, kept in sound.items() if not kept)


def _of_expression(expression: str) -> Iterator[str]:
    named = SELECTOR.findall(expression)
    if not named:
        yield "names no figure"
    if expression.count("(") != expression.count(")"):
        yield "its parentheses do not match"
    grouped = [label.strip() for group in GROUPED.findall(expression) for label in group.split(",")]
    known = figures()
    for name, selector in named:
        if name not in known:
            yield f"{name} is no figure"
            continue
        asked = [*grouped, *(pair.split("=")[0].strip() for pair in selector.split(",") if pair)]
        yield from (f"{name} has no label {label}" for label in asked if label not in known[name])


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alarm_is_well_formed_and_names_what_exists(rule: dict[str, Any]) -> None:
    assert list(faults(rule)) == []
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    for label in re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]):
        assert label in ",".join(GROUPED.findall(rule["expr"])), label


def test_names_of_alarms_are_unique() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names))


def test_every_page_belongs_to_an_alarm_and_is_in_the_index() -> None:
    pages = {path.name for path in RUNBOOKS.glob("*.md")} - {"README.md"}
    assert pages == {Path(rule["annotations"]["runbook"]).name for rule in rules()}
    index = (RUNBOOKS / "README.md").read_text(encoding="utf-8")
    assert pages == set(re.findall(r"\]\(([\w-]+\.md)\)", index))
    assert {rule["alert"] for rule in rules()} == set(re.findall(r"`(Tremplin\w+)`", index))


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("[a-z]*.md")), ids=lambda page: page.stem)
def test_a_page_says_what_it_means_and_what_to_do_and_names_what_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"^## .*$", text, flags=re.MULTILINE) == SECTIONS
    assert set(re.findall(r"tremplin_\w+", text)) <= set(figures())
    for link in re.findall(r"\]\(([\w./-]+)\)", text):
        assert (page.parent / link).is_file(), link


def test_every_figure_is_registered_under_the_name_that_is_checked() -> None:
    scraped = {family.name for family in REGISTRY.collect()}
    assert {name.removesuffix("_total") for name in figures()} <= scraped


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"expr": "tremplin_relay_haltd > 0"}, "tremplin_relay_haltd is no figure"),
        (
            {"expr": "max by (source) (tremplin_relay_halted) > 0"},
            "tremplin_relay_halted has no label source",
        ),
        ({"expr": 'tremplin_relay_state{stat="stuck"} > 0'}, "tremplin_relay_state has no label stat"),
        ({"expr": "max by (service) (tremplin_relay_halted > 0"}, "its parentheses do not match"),
        ({"expr": "up == 0"}, "names no figure"),
        ({"for": "a while"}, "its duration cannot be read"),
        ({"labels": {"severity": "meh"}}, "its severity is neither page nor ticket"),
        ({"annotations": {"summary": "x", "runbook": "docs/runbooks/none.md"}}, "its page is missing"),
    ],
)
def test_a_planted_fault_is_seen(change: dict[str, Any], fault: str) -> None:
    assert fault in list(faults(rules()[0] | change))
