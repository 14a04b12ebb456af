"""Official identifiers: what is accepted, what is refused, and the one company with its own rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.identifiers import is_code_insee, is_register_entry, is_siren, is_siret, stable_id
from shared.kernel.territories import REGION_NAMES, departement_of, region_of
from shared.kernel.text import name_key


@pytest.mark.parametrize("siret", ["73282932000074", "35600000049837", "35600000000048"])
def test_a_siret_with_right_keys_is_accepted_la_poste_included(siret: str) -> None:
    assert is_siret(siret)


@pytest.mark.parametrize(
    "siret",
    [
        "73282932000079",
        "7328293200007",
        "732829320000741",
        "7328293200007A",
        "",
        "٧٣٢٨٢٩٣٢٠٠٠٠٧٤",
        " 73282932000074",
    ],
)
def test_anything_else_is_no_siret(siret: str) -> None:
    assert not is_siret(siret)


@pytest.mark.parametrize(("siren", "valid"), [("732829320", True), ("732829321", False), ("73282932", False)])
def test_a_siren_has_a_luhn_key(siren: str, valid: bool) -> None:  # noqa: FBT001 - a table of examples
    assert is_siren(siren) is valid


@pytest.mark.parametrize(
    ("entry", "valid"),
    [("RNCP34126", True), ("RS5616", True), ("34126", False), ("rncp34126", False), ("RNCP1234567", False)],
)
def test_a_register_entry_has_its_prefix(entry: str, valid: bool) -> None:  # noqa: FBT001 - a table of examples
    assert is_register_entry(entry) is valid


@pytest.mark.parametrize(
    ("code", "departement", "region"),
    [
        ("75056", "75", "11"),
        ("2A004", "2A", "94"),
        ("97411", "974", "04"),
        ("69123", "69", "84"),
        ("99100", "99", None),
    ],
)
def test_a_commune_belongs_to_a_region(code: str, departement: str, region: str | None) -> None:
    assert is_code_insee(code)
    assert departement_of(code) == departement
    assert region_of(code) == region
    assert region is None or region in REGION_NAMES


@given(st.text(max_size=40))
def test_no_text_makes_the_checks_crash(text: str) -> None:
    for check in (is_siren, is_siret, is_register_entry, is_code_insee):
        assert check(text) in {True, False}
    assert name_key(name_key(text)) == name_key(text)


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("Élodie-Anne", "ELODIE ANNE"),
        ("ELODIE  ANNE", "ELODIE ANNE"),
        ("E\u0301lodie", "ELODIE"),
        ("L'Hôte", "L'HOTE"),
    ],
)
def test_one_name_has_one_key_however_it_is_written(written: str, key: str) -> None:
    assert name_key(written) == key


def test_a_stable_id_depends_on_every_part_and_on_their_borders() -> None:
    assert stable_id("training", "a", "b") == stable_id("training", "a", "b")
    assert (
        len({stable_id("training", "a", "b"), stable_id("label", "a", "b"), stable_id("training", "ab", "")})
        == 3
    )
