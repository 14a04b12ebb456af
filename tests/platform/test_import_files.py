"""Files of imports, byte by byte: lines, encodings, headers and seals, however the bytes are cut."""

import codecs
import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, SecretStr

from shared.platform.edge.fields import Body, Count, Flag, IsoDate, Text
from shared.platform.edge.problems import ProblemError
from shared.platform.imports.columns import Table
from shared.platform.imports.decoding import Decoder
from shared.platform.imports.lines import MAX_LINE, Line, QuoteLeftOpen, Splitter
from shared.platform.imports.sealing import Keys, SealBroken
from shared.platform.imports.sheets import SheetFile
from shared.platform.imports.uploads import Shape

JOB = UUID("5f1c2f0e-2f0b-4f0e-9b76-3a2f8a2d6f10")
OTHER = UUID("5f1c2f0e-2f0b-4f0e-9b76-3a2f8a2d6f11")


class Inner(Body):
    name: Text
    day: IsoDate | None = None


class Row(Body):
    kind: Literal["a"]
    reference: Text
    inner: Inner
    count: Count | None = None
    flag: Flag | None = None
    rate: float | None = None
    amount: Decimal | None = None


class OtherRow(Body):
    kind: Literal["b"]
    reference: Text
    since: IsoDate | None = None


Either = Annotated[Row | OtherRow, Field(discriminator="kind")]


def pieces(data: bytes, cuts: Sequence[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(places)]


def cut(data: bytes, cuts: Sequence[int] = (), *, quoted: bool = False, **start: int) -> list[Line]:
    splitter = Splitter(quoted=quoted, **start)
    return [line for piece in pieces(data, cuts) for line in splitter.feed(piece)] + list(splitter.finish())


CUTS = st.lists(st.integers(0, 10_000), max_size=8)


@given(st.binary(max_size=300).map(lambda data: data.replace(b'"', b"")), CUTS)
def test_lines_are_those_of_the_file_however_it_is_cut(data: bytes, cuts: list[int]) -> None:
    expected = [(number, raw) for number, raw in enumerate(data.split(b"\n"), start=1) if raw.strip()]
    assert [(line.number, line.raw) for line in cut(data, cuts)] == expected
    assert [(line.number, line.raw) for line in cut(data, cuts, quoted=True)] == expected


@given(st.lists(st.sampled_from([b'"', b"a", b"\n", b";", b'"b\n"']), max_size=60).map(b"".join), CUTS)
def test_whoever_goes_on_from_a_line_meets_the_same_ones(data: bytes, cuts: list[int]) -> None:
    try:
        whole = cut(data, cuts, quoted=True)
    except QuoteLeftOpen:
        assert data.count(b'"') % 2
        return
    for place, line in enumerate(whole):
        rest = data[line.next_offset :]
        assert cut(rest, quoted=True, number=line.next_number, offset=line.next_offset) == whole[place + 1 :]


def test_a_long_line_is_told_and_not_kept() -> None:
    long = b"x" * (MAX_LINE + 1)
    found = cut(b"a\n" + long + b"\nb\n", [5, 70_000])
    assert [(line.number, line.raw) for line in found] == [(1, b"a"), (2, None), (3, b"b")]
    assert found[1].next_offset == 2 + len(long) + 1
    splitter = Splitter(quoted=False)
    for _ in range(200):
        assert list(splitter.feed(b"y" * 10_000)) == []
        assert len(splitter._held) <= MAX_LINE


@pytest.mark.parametrize("tail", [b"", b"\n", b"\nmore\n" * 20_000])
def test_a_quote_that_is_never_closed_names_its_line(tail: bytes) -> None:
    with pytest.raises(QuoteLeftOpen) as found:
        cut(b'a;b\n"c\nd";e\nf;"g' + tail, quoted=True)
    assert found.value.args == (4,)


FRENCH = "référence;nom\r\nœuvre – Noël;«\u00a0L'Haÿ\u00a0»\r\n1;€\r"
PLAIN = FRENCH.replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize(
    ("encoding", "mark", "found"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8", codecs.BOM_UTF8, "utf-8"),
        ("cp1252", b"", "windows-1252"),
        ("utf-16-le", codecs.BOM_UTF16_LE, "utf-16-le"),
        ("utf-16-be", codecs.BOM_UTF16_BE, "utf-16-be"),
    ],
)
@given(cuts=CUTS, late=st.booleans())
def test_each_encoding_is_recognised_however_it_is_cut(
    encoding: str, *, mark: bytes, found: str, cuts: list[int], late: bool
) -> None:
    # The first letter beyond ASCII may come long after the header.
    text = ("reference;name\r\n" * 100 if late else "") + FRENCH
    decoder = Decoder(None)
    parts = [decoder.feed(piece) for piece in pieces(mark + text.encode(encoding), cuts)]
    assert "".join(parts) + decoder.feed(b"", last=True) == text.replace(FRENCH, PLAIN).replace("\r\n", "\n")
    assert decoder.encoding == found


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_recognised_without_its_mark(encoding: str) -> None:
    decoder = Decoder(None)
    assert decoder.feed("reference;Œuvrée".encode(encoding), last=True) == "reference;Œuvrée"


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04\x14\x00\x06\x00",
        "référence".encode() + b";\xe9t\xe9",
        b"abcdefgh\xe9\x81 \x8d",
        codecs.BOM_UTF16_LE + b"a\x00\x00\xd8b\x00c\x00",
    ],
)
def test_what_is_no_text_of_these_is_refused(data: bytes) -> None:
    decoder = Decoder(None)
    with pytest.raises(ProblemError) as refused:
        decoder.feed(data + b"e" * 10, last=True)
    assert refused.value.rule.code == "unknown_encoding"


def shape_of(data: bytes, *, model: Any = Row, cuts: Sequence[int] = ()) -> tuple[bytes, Shape]:
    file = SheetFile(model, charset=None, max_lines=100)
    kept = b"".join(file.feed(piece) for piece in pieces(data, cuts))
    rest, shape = file.finish()
    return kept + rest, shape


HEADER = "kind;reference;inner.name"


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("quote", ["", '"'])
@given(cuts=CUTS)
def test_the_delimiter_is_read_from_the_header(delimiter: str, *, quote: str, cuts: list[int]) -> None:
    header = delimiter.join(f"{quote}{name}{quote}" for name in HEADER.split(";"))
    kept, shape = shape_of(f"{header}\r\n{delimiter.join('abc')}".encode(), cuts=cuts)
    assert (shape.delimiter, shape.columns, shape.lines) == (delimiter, tuple(HEADER.split(";")), 1)
    assert kept[shape.next_offset :] == delimiter.join("abc").encode()


def test_a_line_that_names_the_delimiter_is_obeyed() -> None:
    _, shape = shape_of(b"sep=;\r\nKind; reference ;INNER.NAME\r\na;1,5;c\r\n")
    assert (shape.delimiter, shape.columns, shape.next_number) == (";", tuple(HEADER.split(";")), 3)


@pytest.mark.parametrize(
    ("content", "faults"),
    [
        ("kind;reference\na;b\n", [("missing_column", "inner.name")]),
        (f"{HEADER};reference\n", [("duplicate_column", "reference")]),
        (f"{HEADER};cuont\n", [("unknown_column", "column 4: count")]),
        (f"{HEADER};Zénaïde\n", [("unknown_column", "column 4")]),
        (f'{HEADER}\na;"b;c\n', [("unbalanced_quotes", "line 2")]),
        ("x\n1\n", [("unknown_column", "column 1")] + [("missing_column", n) for n in HEADER.split(";")]),
    ],
)
def test_a_file_level_fault_names_the_encoding_and_the_delimiter(
    content: str, faults: list[tuple[str, str]]
) -> None:
    with pytest.raises(ProblemError) as refused:
        shape_of(content.encode("cp1252"))
    encoding = "utf-8" if content.isascii() else "windows-1252"
    assert refused.value.status == 422
    assert [(one.rule.code, one.expected) for one in refused.value.violations] == [
        (code, f"{expected} (encoding: {encoding}; delimiter: ;)") for code, expected in faults
    ]


@pytest.mark.parametrize("content", ["", "\n\n", f"{HEADER}\n", f"{HEADER}\r\n\r\n"])
def test_a_table_without_lines_is_empty(content: str) -> None:
    with pytest.raises(ProblemError) as refused:
        shape_of(content.encode())
    assert refused.value.rule.code == "empty_file"


def test_cells_become_what_their_columns_mean() -> None:
    names = ["kind", "reference", "inner.name", "inner.day", "count", "flag", "rate", "amount", ""]
    table = Table(Row, names=names, delimiter=";")
    line = 'a; 007 ;"L""été; à\n Nice";03/02/2016;12;Oui;1,5;-3,10;'
    assert Row.model_validate_json(table.to_json(line.encode())) == Row(
        kind="a",
        reference="007",
        inner=Inner(name='L"été; à\n Nice', day=date(2016, 2, 3)),
        count=12,
        flag=True,
        rate=1.5,
        amount=Decimal("-3.10"),
    )
    odd = json.loads(table.to_json(b"a;b;;31-12-2016;1 2;peut-etre;1,5,0;x;"))
    assert odd == {
        "kind": "a",
        "reference": "b",
        "inner": {"day": "31-12-2016"},
        "count": "1 2",
        "flag": "peut-etre",
        "rate": "1,5,0",
        "amount": "x",
    }


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("a;b", "wrong_number_of_cells"),
        ("a;b;c;d;e", "wrong_number_of_cells"),
        ("a;b;c;d", "unknown_column"),
        ('a;"b"c;d;', "malformed_line"),
    ],
)
def test_a_line_that_does_not_fit_the_header_is_refused_alone(line: str, code: str) -> None:
    table = Table(Row, names=["kind", "reference", "inner.name", ""], delimiter=";")
    with pytest.raises(ProblemError) as refused:
        table.to_json(line.encode())
    assert refused.value.rule.code == code


def test_a_union_of_items_has_the_columns_of_all_and_needs_those_common_to_all() -> None:
    _, shape = shape_of(b"reference,kind,since,count\n1,b,2016-01-01,\n", model=Either)
    assert shape.columns == ("reference", "kind", "since", "count")


def test_a_sealed_chunk_opens_as_itself_only() -> None:
    keys = Keys(SecretStr("one"))
    seal, strange = keys.new(JOB), keys.new(JOB)
    closed = seal.close(3, b"Quidamme")
    assert b"Quidamme" not in closed
    again = keys.unwrap(JOB, keys.wrap(seal))
    assert again.open(3, closed) == b"Quidamme"
    for other in (strange, type(seal)(OTHER, seal.key)):
        with pytest.raises(SealBroken):
            other.open(3, closed)
    for number, content in ((4, closed), (3, closed[:-1]), (3, bytes([closed[0] ^ 1]) + closed[1:])):
        with pytest.raises(SealBroken):
            seal.open(number, content)
    for job, secret in ((OTHER, "one"), (JOB, "two")):
        with pytest.raises(SealBroken):
            Keys(SecretStr(secret)).unwrap(job, keys.wrap(seal))
