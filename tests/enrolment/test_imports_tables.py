"""Tables as French spreadsheets write them: whatever the encoding and the delimiter, the same entries."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from shared.platform.imports.runner import Runner
from tests.enrolment.builders import Holder, refusal
from tests.enrolment.importing import ROOT, item, runner_of, sender_of
from tests.support.importing import CSV, NDJSON, Item, ended, found, lines
from tests.support.under_test import ServiceUnderTest

BULK = f"{ROOT}/enrolments"
SEEN = "e.reference, e.entered_on, e.profile, e.hours_planned_online, l.birth_name, l.first_names, l.search_opposed"


@pytest.fixture
async def runner(enrolment: ServiceUnderTest) -> AsyncIterator[Runner]:
    async with runner_of(enrolment) as one:
        yield one


@pytest.fixture
def sender(enrolment: ServiceUnderTest, holder: Holder) -> httpx.AsyncClient:
    del holder
    return sender_of(enrolment)


def flat(content: Item, *, before: str = "") -> dict[str, Any]:
    """An item as cells by the names of their columns."""
    cells: dict[str, Any] = {}
    for name, value in content.items():
        cells |= flat(value, before=f"{before}{name}.") if isinstance(value, dict) else {before + name: value}
    return cells


def table(items: list[Item], *, delimiter: str = ";", line_end: str = "\r\n") -> str:
    """What a spreadsheet writes."""
    rows = [flat(one) for one in items]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    written = io.StringIO()
    writer = csv.DictWriter(written, columns, delimiter=delimiter, lineterminator=line_end)
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def people() -> list[Item]:
    items = [item(number, hours_planned_online=number) for number in range(3)]
    items[0]["learner"] |= {"birth_name": "Œuvrard-L'Haÿ", "first_names": 'Zoé "Zaza"; Anaïs'}
    items[1]["learner"] |= {"birth_name": "Müller, dit Noël", "search_opposed": True}
    return items


async def held(enrolment: ServiceUnderTest) -> list[dict[str, Any]]:
    return await enrolment.rows(
        f"SELECT {SEEN} FROM enrolment.enrolments e JOIN enrolment.learners l USING (learner_id) ORDER BY 1"  # noqa: S608
    )


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8"),
        ("cp1252", "windows-1252"),
        ("utf-16", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
    ],
)
async def test_every_encoding_and_delimiter_gives_the_same_entries(
    sender: httpx.AsyncClient,
    runner: Runner,
    enrolment: ServiceUnderTest,
    *,
    delimiter: str,
    encoding: str,
    named: str,
) -> None:
    job = await ended(
        sender,
        runner,
        answer=await sender.post(
            BULK, content=table(people(), delimiter=delimiter).encode(encoding), headers=CSV
        ),
    )
    assert (job["state"], job["counts"]) == ("succeeded", {"created": 3})
    assert (job["file"]["encoding"], job["file"]["delimiter"]) == (named, delimiter)
    from_table = await held(enrolment)
    assert from_table[0]["birth_name"] == "Œuvrard-L'Haÿ"
    assert from_table[1]["search_opposed"]
    again = await ended(
        sender, runner, answer=await sender.post(BULK, content=lines(people()), headers=NDJSON)
    )
    assert again["counts"] == {"unchanged": 3}


async def test_dates_and_flags_may_be_written_as_a_french_spreadsheet_does(
    sender: httpx.AsyncClient, runner: Runner, enrolment: ServiceUnderTest
) -> None:
    content = table(people()).replace("2016-03-01", "01/03/2016").replace("True", "VRAI")
    job = await ended(sender, runner, answer=await sender.post(BULK, content=content.encode(), headers=CSV))
    assert job["counts"] == {"created": 3}
    assert {str(row["entered_on"]) for row in await held(enrolment)} == {"2016-03-01"}


async def test_a_bad_line_of_a_table_is_refused_alone_under_its_number(
    sender: httpx.AsyncClient, runner: Runner
) -> None:
    items = people()
    items[0]["learner"]["usual_name"] = "over\ntwo lines"
    items[1]["entered_on"] = "31/02/2016"
    items[2]["profile"]["level"] = "4,5"
    content = table(items) + "INS-9;S-1\r\n"
    answer = await sender.post(BULK, content=content.encode(), headers=CSV | {"Accept-Language": "en"})
    job = await ended(sender, runner, answer=answer)
    assert (job["lines_total"], job["counts"]) == (4, {"created": 1, "rejected": 3})
    assert [(one["line"], one["code"], one.get("field")) for one in await found(sender, job)] == [
        (4, "bad_date", "/entered_on"),
        (5, "wrong_type", "/profile/level"),
        (6, "wrong_number_of_cells", None),
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (table(people()).replace("learner.birth_name", "nom").encode("cp1252"), "unknown_column"),
        (table(people()).replace("entered_on;", "reference;").encode(), "duplicate_column"),
        ("reference;session\r\nINS-1;S-1\r\n".encode("utf-16"), "missing_column"),
        (table(people()).encode() + b'"INS-9', "unbalanced_quotes"),
        (b"PK\x03\x04" + bytes(100), "unknown_encoding"),
    ],
)
async def test_a_table_that_cannot_be_read_is_refused_at_once_with_how_it_was_read(
    sender: httpx.AsyncClient, runner: Runner, *, content: bytes, code: str
) -> None:
    answer = await sender.post(BULK, content=content, headers=CSV)
    assert refusal(answer) == (422, code, "")
    expected = answer.json()["errors"][0]["expected"]
    assert "encoding: " in expected or code == "unknown_encoding"
    assert not await runner.once()
    (job,) = (await sender.get(ROOT)).json()["items"]
    assert (job["state"], job["problem"]["code"]) == ("failed", code)
    assert (await sender.post(BULK, content=table(people()).encode(), headers=CSV)).status_code == 202


async def test_a_named_charset_is_believed_and_an_unknown_one_refused(
    sender: httpx.AsyncClient, runner: Runner
) -> None:
    content = table(people()).encode("cp1252")
    named = {"Content-Type": "text/csv; charset=Windows-1252"}
    assert (await ended(sender, runner, answer=await sender.post(BULK, content=content, headers=named)))[
        "counts"
    ] == {"created": 3}
    wrong = await sender.post(BULK, content=content, headers={"Content-Type": "text/csv; charset=utf-8"})
    assert refusal(wrong)[:2] == (422, "unknown_encoding")
    other = await sender.post(BULK, content=content, headers={"Content-Type": "text/csv; charset=ebcdic"})
    assert refusal(other)[:2] == (415, "unsupported_file")
