"""The table, the closing line, and the commands to paste."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from deploy.demo import table
from deploy.demo.fixture import Fixture, figure
from deploy.demo.readings import Computed, Range
from deploy.demo.tries import addresses, curl_lines
from deploy.local.stack import Stack

STACK = Stack(
    state="default",
    state_dir=Path("states") / "default",
    urls={
        name: f"http://127.0.0.1:{port}"
        for port, name in enumerate(["identity", "labelling", "enrolment", "followup", "indicators"], 8100)
    },
    clients={name: f"secret-of-{name}" for name in ("statistician", "france-travail")},
    fixture="r1",
    seed=2016,
)


def as_published(fixture: Fixture) -> list[Computed]:
    return [
        Computed(
            line=line,
            value=figure(line, numerator=line.numerator, denominator=line.denominator),
            numerator=line.numerator,
            denominator=line.denominator,
            interval=Range(Decimal("60.3"), Decimal("67.5")),
        )
        for line in fixture.expected
    ]


def printed(computed: Sequence[Computed], *, columns: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a terminal of so many columns shows."""
    terminal = StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    table.print_table(computed)
    return re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue())


def test_all_lines_reproduced_close_in_one_line(fixture: Fixture) -> None:
    assert table.closing_lines(as_published(fixture)) == ["demo: 20 of 20 published figures reproduced"]


@pytest.mark.parametrize(
    "change", [{"numerator": 433}, {"denominator": 676}, {"value": Decimal("64.1")}, {"value": None}]
)
def test_a_line_that_differs_is_named(r1: Fixture, change: dict[str, Any]) -> None:
    computed = [replace(one, **change) if one.line.id == "insertion_6" else one for one in as_published(r1)]

    assert table.closing_lines(computed) == [
        "differs: insertion_6",
        "demo: 19 of 20 published figures reproduced",
    ]


@pytest.mark.parametrize(
    ("columns", "heads"),
    [
        (80, ["line", "published", "computed", "parts", "same"]),
        (
            120,
            ["line", "published", "computed", "numerator", "denominator", "95 % interval", "bounds", "same"],
        ),
        (200, ["what", "denominator", "bounds", "same"]),
    ],
)
def test_the_table_fits_the_terminal_and_cuts_nothing(
    r1: Fixture, columns: int, heads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = printed(as_published(r1), columns=columns, monkeypatch=monkeypatch)

    assert max(map(len, shown.splitlines())) <= columns
    assert all(f" {head} " in shown for head in heads)
    assert "mix_6_non_precarious" in shown
    assert "…" not in shown


def test_a_line_that_differs_is_marked(r1: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    computed = as_published(r1)
    computed[0] = replace(computed[0], numerator=161)
    rows = {
        row.split()[1]: row
        for row in printed(computed, columns=200, monkeypatch=monkeypatch).splitlines()[4:-1]
    }

    assert " NO " in rows["share_titre_pro"]
    assert sum(" yes " in row for row in rows.values()) == 19


def test_numbers_are_written_as_in_the_report(r1: Fixture) -> None:
    shown = StringIO()
    Console(file=shown, width=200).print(
        table.table_of(as_published(r1), columns=["line", "computed", "95 % interval"])
    )

    assert "60,3 - 67,5" in shown.getvalue()
    assert "2 760" in shown.getvalue()


def test_the_parts_of_the_waves_fill_one_line(r1: Fixture) -> None:
    assert table.describe(r1.after) == (
        "3 months 420/1050 employed of 1400 matured; 6 months 432/675 employed of 900 matured,"
        " in 348 non-precarious jobs, 68 businesses, 16 agency jobs"
    )


def test_each_command_to_paste_is_one_line_that_a_shell_understands(fixture: Fixture) -> None:
    lines = curl_lines(STACK, fixture=fixture)

    assert len(lines) == 3
    for line in lines:
        assert "\n" not in line
        assert shlex.split(line)[0] == "curl"
    assert "/v1/exact/indicators/insertion_6?as_of=2017-03-02&purpose=demo" in lines[0]
    assert "-u statistician:secret-of-statistician" in lines[0]
    assert "/v1/register?on=2016-12-31" in lines[1]
    assert "Authorization" not in lines[1]
    assert "/v1/rosters?exit_month=2016-06&purpose=demo" in lines[2]


def test_addresses_to_open_need_no_token() -> None:
    assert "http://127.0.0.1:8101/v1/register?on=2016-12-31&region=11" in addresses(STACK)
