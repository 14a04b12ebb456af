"""The repository stands on its own: no package index, no machine of ours, no drawer without a name."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT, plant

# Written in pieces, so that this file does not accuse itself.
INDEXES = [
    ".".join(pieces)
    for pieces in [
        ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("yarnpkg", "com"),
        ("crates", "io"), ("rubygems", "org"), ("proxy", "golang", "org"), ("anaconda", "org"),
        ("deb", "debian", "org"),
    ]
]  # fmt: skip
HOMES = ["home", "Users", "root", "work", "workspace"]
DRAWERS = {"utils", "util", "helpers", "helper", "manager", "managers", "misc"}
WHOLE_NAMES = {"common", "base", "service"}

FORBIDDEN = re.compile(
    "|".join(
        [
            rf"(?:{'|'.join(map(re.escape, INDEXES))})\b",
            # At the start of a path only: `/v1/work/` or `docs/home/` is somebody's own affair.
            rf"(?<![\w.~{{}}<>*-])/(?:{'|'.join(HOMES)})/[\w.-]",
            rf"\b[A-Za-z]:\\+{HOMES[1]}\\",
        ]
    )
)
MADE_HERE = re.compile(
    r"\.git|\.venv|\.local|\.hypothesis|\.idea|\.vscode|\..*_cache|__pycache__|htmlcov|node_modules"
)


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not MADE_HERE.fullmatch(name))
        yield from (Path(folder) / name for name in sorted(names) if not MADE_HERE.fullmatch(name))


def _lines(path: Path) -> list[str]:
    """The text of a file; pictures and fonts have none."""
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return []


def foreign_words(root: Path) -> list[str]:
    """Every line that names a package index or a developer's folder, as place:line."""
    return [
        f"{path.relative_to(root).as_posix()}:{number}"
        for path in _files(root)
        for number, line in enumerate(_lines(path), start=1)
        if FORBIDDEN.search(line)
    ]


def nameless_drawers(root: Path) -> list[str]:
    """Every Python file or package whose name says nothing, and therefore attracts everything."""
    places = [path.relative_to(root) for path in _files(root) if path.suffix == ".py"]
    return [
        place.as_posix()
        for place in places
        if any(part in WHOLE_NAMES or DRAWERS & set(part.split("_")) for part in place.with_suffix("").parts)
    ]


def test_no_file_names_a_package_index_or_a_machine() -> None:
    assert foreign_words(ROOT) == []


def test_no_file_is_a_nameless_drawer() -> None:
    assert nameless_drawers(ROOT) == []


@pytest.mark.parametrize(
    "line",
    [
        *(f"see https://{index}/simple" for index in INDEXES),
        *(f"cd /{home}/ada/tremplin" for home in HOMES),
        f"path = 'C:\\{HOMES[1]}\\ada'",
        f'files = ["/{HOMES[0]}/ada/x.csv"]',
    ],
)
def test_a_foreign_word_is_seen(tmp_path: Path, line: str) -> None:
    plant(tmp_path, "docs/how-to/install.md", text=f"# Install\n\n{line}\n")

    assert foreign_words(tmp_path) == ["docs/how-to/install.md:3"]


@pytest.mark.parametrize(
    "line",
    [
        "GET /v1/work/today",
        "docs/home/page.md",
        "return to work / training",
        "python:3.11-slim",
        "$HOME/.cache",
    ],
)
def test_an_innocent_line_is_let_through(tmp_path: Path, line: str) -> None:
    plant(tmp_path, "docs/index.md", text=line)
    plant(tmp_path, ".venv/lib/site.py", text=f"x = '{INDEXES[0]}'")
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\xff\xfe")

    assert foreign_words(tmp_path) == []


@pytest.mark.parametrize(
    ("place", "seen"),
    [
        ("shared/utils.py", True),
        ("shared/platform/text_helpers.py", True),
        ("services/followup/service.py", True),
        ("services/followup/common/dates.py", True),
        ("deploy/base.py", True),
        ("deploy/process_manager.py", True),
        ("shared/platform/base_url.py", False),
        ("docs/how-to/add-a-service.md", False),
        ("deploy/kubernetes/base/app.yaml", False),
    ],
)
def test_a_nameless_drawer_is_seen(tmp_path: Path, place: str, *, seen: bool) -> None:
    plant(tmp_path, place)

    assert nameless_drawers(tmp_path) == [place] * seen
