"""What was published beside what was computed, and the line that sums it up."""

import sys
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from deploy.demo.fixture.observations import Standing
from deploy.demo.readings import Computed, Number, Range

_PLAIN_WIDTH: Final = 200
"""Where there is no terminal, every column has room."""
_WORDS: Final = ("line", "what", "same")
_BARE: Final = ("line", "published", "computed", "parts", "same")
_PARTS: Final = ("published", "computed", "numerator", "denominator", "95 % interval", "bounds", "same")
_FIGURES: Final = ("line", *_PARTS)
_EVERYTHING: Final = ("line", "what", *_PARTS)
_UNITS: Final = {"percent": " %", "all": " %", "nearly_all": " %", "target": " %", "mean": "", "count": ""}


def print_table(computed: Sequence[Computed]) -> None:
    """The table with as many columns as the terminal has room for."""
    console = Console(width=None if sys.stdout.isatty() else _PLAIN_WIDTH, highlight=False)
    tables = [table_of(computed, columns=columns) for columns in (_EVERYTHING, _FIGURES, _BARE)]
    # Measured where there is room: a console never finds anything wider than itself.
    roomy = Console(width=_PLAIN_WIDTH)
    fitting = (one for one in tables if roomy.measure(one).maximum <= console.width)
    console.print(next(fitting, tables[-1]))


def table_of(computed: Sequence[Computed], *, columns: Sequence[str]) -> Table:
    """One row per published line."""
    table = Table(title="2016 as published and as computed from the facts", title_justify="left")
    for name in columns:
        table.add_column(name, justify="left" if name in _WORDS else "right", no_wrap=True)
    for one in computed:
        cells = _cells(one)
        style = None if one.reproduced else "bold red"
        table.add_row(*(cells[name] for name in columns), style=style)
    return table


def closing_lines(computed: Sequence[Computed]) -> list[str]:
    """How many published figures were reproduced, after the names of those that were not."""
    differing = [one.line.id for one in computed if not one.reproduced]
    named = [f"differs: {', '.join(differing)}"] if differing else []
    same = len(computed) - len(differing)
    return [*named, f"demo: {same} of {len(computed)} published figures reproduced"]


def describe(standing: Standing) -> str:
    """The parts of both waves in one line."""
    mix = standing.mix_6
    waves = "; ".join(
        f"{months} months {wave.employed}/{wave.respondents} employed of {wave.matured} matured"
        for months, wave in ((3, standing.wave_3), (6, standing.wave_6))
    )
    return (
        f"{waves}, in {mix.non_precarious} non-precarious jobs,"
        f" {mix.entrepreneurship} businesses, {mix.temp_agency} agency jobs"
    )


def _cells(one: Computed) -> dict[str, str]:
    parts = [_number(part) for part in (one.numerator, one.denominator) if part is not None]
    return {
        "line": one.line.id,
        "what": one.line.label_en,
        "published": one.line.published,
        "computed": f"{_number(one.value)}{_UNITS[one.line.comparison]}",
        "numerator": parts[0],
        "denominator": "".join(parts[1:]),
        "parts": "/".join(parts),
        "95 % interval": _span(one.interval),
        "bounds": _span(one.bounds),
        "same": "yes" if one.reproduced else "NO",
    }


def _span(span: Range | None) -> str:
    return "" if span is None else f"{_number(span.low)} - {_number(span.high)}"


def _number(value: Number | None) -> str:
    """As the report writes numbers: a space between thousands, a decimal comma."""
    return "none" if value is None else f"{value:,}".replace(",", " ").replace(".", ",")
