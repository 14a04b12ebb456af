"""The social security number is recognised wherever it hides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.enrolment.domain.nir import holds_nir


@pytest.mark.parametrize(
    "text",
    [
        "295109912611193",
        "2951099126111",
        "2 95 10 99 126 111 93",
        "2-95-10-99-126-111-93",
        "2\u00a095\u00a010\u00a099\u00a0126\u00a0111 93",
        "253072B07300470",
        "253072A07300443",
        "253072b07300470",
        "Dupont 295109912611193, Camille",
        "NIR295109912611193",
        "1850578006084",
    ],
)
def test_a_nir_is_seen(text: str) -> None:
    assert holds_nir(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "295109912611199",
        "29510991261119",
        "2951099126111930",
        "00012345678",
        "+33199000000",
        "73282932000074",
        "INS-2016-09-75056-001-12",
        "2016-PARIS-042",
        "253072C07300443",
        "5951099126111",
        "2951399126111",
        "2951000126111",
        "horizelle.bitournelle.00042@example.org",
    ],
)
def test_other_texts_pass(text: str) -> None:
    assert not holds_nir(text)


@given(st.integers(1, 99), st.integers(1, 12), st.integers(1, 95), st.integers(0, 999), st.integers(1, 999))
def test_every_number_with_its_key_is_seen_and_none_with_another(
    year: int, month: int, departement: int, commune: int, rank: int
) -> None:
    number = f"1{year:02d}{month:02d}{departement:02d}{commune:03d}{rank:03d}"
    key = 97 - int(number) % 97
    assert holds_nir(f"{number}{key:02d}")
    assert not holds_nir(f"{number}{key % 97 + 1:02d}")
