"""From contracts to outcomes, and the versioned code lists."""

from datetime import date

import pytest

from services.followup.domain.contracts import FIXED_TERM, INTERNSHIP, classify, lasts_six_months
from services.followup.domain.observations import Kind, Scheme, Statement
from services.followup.domain.outcomes import JobClass, Situation
from tests.followup.cases import CODES, day


def contract(
    nature: str,
    *,
    planned_end_on: str | None = None,
    ends_on: str | None = None,
    scheme: Scheme | None = None,
) -> Statement:
    return Statement(
        reference="R1",
        kind=Kind.CONTRACT,
        collected_on=date(2016, 6, 20),
        content="",
        nature_dsn=nature,
        scheme=scheme,
        starts_on=date(2016, 1, 31),
        ends_on=day(ends_on) if ends_on else None,
        planned_end_on=day(planned_end_on) if planned_end_on else None,
    )


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "lasts"),
    [
        ("2026-01-31", "2026-07-30", True),
        ("2026-01-31", "2026-07-29", False),
        ("2026-01-01", "2026-06-30", True),
        ("2026-01-01", "2026-06-29", False),
        ("2015-08-31", "2016-02-28", True),
        ("2015-08-31", "2016-02-27", False),
    ],
)
def test_exactly_six_months_is_durable(starts_on: str, ends_on: str, *, lasts: bool) -> None:
    assert lasts_six_months(day(starts_on), day(ends_on)) is lasts


@pytest.mark.parametrize(
    ("statement", "outcome", "durable"),
    [
        (contract("01"), "permanent", True),
        (contract("82"), "permanent", True),
        (contract("50"), "permanent", True),
        (contract("08"), "permanent", True),
        (contract("02", planned_end_on="2016-07-30"), "fixed_ge6", True),
        (contract("02", planned_end_on="2016-07-29"), "fixed_lt6", False),
        (contract("10", planned_end_on="2016-12-31"), "fixed_ge6", True),
        (contract("92", planned_end_on="2016-02-28"), "fixed_lt6", False),
        (contract("02", planned_end_on="2016-12-31", ends_on="2016-03-01"), "fixed_ge6", True),
        (contract("02", ends_on="2016-03-01"), "fixed_lt6", False),
        (contract("03", planned_end_on="2016-07-30"), "temp_agency", True),
        (contract("03", planned_end_on="2016-03-30"), "temp_agency", False),
        (contract("03"), "temp_agency", None),
        (contract("29"), "internship", None),
        (contract("32"), "own_business", True),
        (contract("89"), "other_contract", False),
        (contract("90", planned_end_on="2016-12-31"), "other_contract", True),
        (contract("01", scheme=Scheme.PROFESSIONALISATION), "professionalisation", True),
        (contract("02", scheme=Scheme.APPRENTICESHIP, planned_end_on="2017-08-31"), "apprenticeship", True),
        (contract("02", scheme=Scheme.APPRENTICESHIP), "apprenticeship", None),
    ],
)
def test_a_contract_stands_for_an_outcome(
    statement: Statement, outcome: str, *, durable: bool | None
) -> None:
    found = classify(statement, CODES.natures)

    assert (found.outcome, found.durable, found.warnings) == (outcome, durable, ())


@pytest.mark.parametrize(
    ("statement", "durable", "code"),
    [
        (contract("ZZ"), None, "unknown_nature"),
        (contract("ZZ", planned_end_on="2016-12-31"), True, "unknown_nature"),
        (contract("02"), None, "planned_end_missing"),
    ],
)
def test_an_odd_contract_is_another_contract_with_a_warning(
    statement: Statement, code: str, *, durable: bool | None
) -> None:
    found = classify(statement, CODES.natures)

    assert (found.outcome, found.durable) == ("other_contract", durable)
    assert [warning.rule.code for warning in found.warnings] == [code]


def test_every_nature_leads_to_a_code_of_the_list() -> None:
    outcomes = {nature.outcome for nature in CODES.natures.by_code.values()} - {FIXED_TERM}

    assert outcomes < set(CODES.outcomes.by_code)


def test_a_placement_is_no_job() -> None:
    assert CODES.outcomes.by_code[INTERNSHIP].situation is Situation.OTHER


def test_whoever_works_is_non_precarious_but_for_own_business_and_temp_agency() -> None:
    for outcome in CODES.outcomes.by_code.values():
        expected = {
            "own_business": JobClass.ENTREPRENEURSHIP,
            "temp_agency": JobClass.TEMP_AGENCY,
        }.get(outcome.code, JobClass.NON_PRECARIOUS)
        assert outcome.job_class == (expected if outcome.employed else None), outcome.code


def test_every_job_and_further_training_are_positive_exits() -> None:
    positive = {outcome.code for outcome in CODES.outcomes.by_code.values() if outcome.positive}

    assert positive == {o.code for o in CODES.outcomes.by_code.values() if o.employed} | {"further_training"}


def test_only_unknown_is_no_answer() -> None:
    assert [code for code, one in CODES.outcomes.by_code.items() if one.situation is None] == ["unknown"]
