"""The profile at entry: unknown is never no."""

from datetime import date

import pytest

from services.enrolment.domain.learners import check_age
from services.enrolment.domain.profiles import (
    DeclaredProfile,
    Person,
    age_on,
    profile_at_entry,
    qpv_is_unfounded,
)
from shared.kernel.errors import Invalid

ENTRY = date(2016, 3, 1)


def person(*, sex: str = "female", born: date = date(1994, 5, 17), basis: str | None = "address") -> Person:
    return Person(sex, born, basis)


@pytest.mark.parametrize(
    ("born", "on", "age"),
    [
        (date(2000, 3, 1), date(2016, 2, 29), 15),
        (date(2000, 3, 1), date(2016, 3, 1), 16),
        (date(2000, 2, 29), date(2016, 2, 29), 16),
        (date(2000, 2, 29), date(2017, 2, 28), 16),
        (date(2000, 2, 29), date(2017, 3, 1), 17),
    ],
)
def test_age_counts_completed_years(born: date, on: date, age: int) -> None:
    assert age_on(born, on) == age


@pytest.mark.parametrize(
    ("born", "code"), [(date(2000, 3, 2), "too_young"), (date(1914, 1, 1), "born_too_long_ago")]
)
def test_who_is_too_young_or_impossibly_old_does_not_enter(born: date, code: str) -> None:
    with pytest.raises(Invalid, match=code):
        check_age(born, entered_on=ENTRY)


def test_sixteen_is_old_enough() -> None:
    check_age(date(2000, 3, 1), entered_on=ENTRY)


@pytest.mark.parametrize(("sex", "women"), [("female", "yes"), ("male", "no"), ("not_stated", "unknown")])
def test_women_follows_the_declared_sex(sex: str, women: str) -> None:
    assert profile_at_entry(DeclaredProfile(), person=person(sex=sex), entered_on=ENTRY).women == women


@pytest.mark.parametrize(("level", "low"), [(None, "unknown"), (1, "yes"), (4, "yes"), (5, "no"), (8, "no")])
def test_low_qualified_is_level_four_or_below(level: int | None, low: str) -> None:
    profile = profile_at_entry(DeclaredProfile(level=level), person=person(), entered_on=ENTRY)
    assert profile.low_qualified == low


@pytest.mark.parametrize(
    ("situation", "born", "jobseeker", "neet"),
    [
        (None, date(1994, 5, 17), "unknown", "unknown"),
        (None, date(1980, 5, 17), "unknown", "no"),
        ("jobseeker", date(1994, 5, 17), "yes", "yes"),
        ("jobseeker", date(1990, 3, 1), "yes", "no"),
        ("jobseeker", date(1990, 3, 2), "yes", "yes"),
        ("neither_employed_nor_training", date(1994, 5, 17), "no", "yes"),
        ("student", date(1994, 5, 17), "no", "no"),
        ("employee", date(1994, 5, 17), "no", "no"),
    ],
)
def test_jobseeker_and_neet_follow_from_situation_and_age(
    situation: str | None, born: date, jobseeker: str, neet: str
) -> None:
    declared = DeclaredProfile(situation_before=situation)
    profile = profile_at_entry(declared, person=person(born=born), entered_on=ENTRY)
    assert (profile.jobseeker, profile.neet) == (jobseeker, neet)


@pytest.mark.parametrize(
    ("basis", "declared", "kept", "unfounded"),
    [
        ("address", "yes", "yes", False),
        ("hosted", "no", "no", False),
        (None, "yes", "yes", False),
        ("domiciliation", "yes", "unknown", True),
        ("none", "no", "unknown", True),
        ("none", "unknown", "unknown", False),
    ],
)
def test_qpv_is_unknown_without_an_address(
    basis: str | None, declared: str, kept: str, *, unfounded: bool
) -> None:
    asked, who = DeclaredProfile(qpv=declared), person(basis=basis)
    assert profile_at_entry(asked, person=who, entered_on=ENTRY).qpv == kept
    assert qpv_is_unfounded(asked, person=who) is unfounded


@pytest.mark.parametrize(
    ("commune", "region"), [(None, None), ("93066", "11"), ("2A004", "94"), ("97411", "04"), ("99100", None)]
)
def test_the_region_follows_the_commune(commune: str | None, region: str | None) -> None:
    declared = DeclaredProfile(residence_code_insee=commune)
    assert profile_at_entry(declared, person=person(), entered_on=ENTRY).residence_region == region
