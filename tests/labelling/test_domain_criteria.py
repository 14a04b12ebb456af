"""Criteria over declared facts: three results, evidence, and the smallest change that turns one over."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.labelling.domain.criteria import (
    Criterion,
    FactValue,
    Flip,
    Kind,
    Operator,
    Result,
    evaluate,
    failed_eligibility,
)
from services.labelling.domain.trainings import facts_of
from services.labelling.repository.criteria_sets import CRITERIA_SETS, read_criteria_set
from tests.labelling.builders import a_content

MET, NOT_MET, UNKNOWN = Result.MET, Result.NOT_MET, Result.UNKNOWN


def a_criterion(operator: Operator, threshold: Any = None, *, kind: Kind = Kind.ELIGIBILITY) -> Criterion:
    return Criterion("c", kind, "fr", "en", operator, "fact", threshold, "a source")


@pytest.mark.parametrize(
    ("operator", "threshold", "value", "result", "flip"),
    [
        (Operator.IS_TRUE, None, True, MET, None),
        (Operator.IS_TRUE, None, False, NOT_MET, None),
        (Operator.IS_TRUE, None, None, UNKNOWN, None),
        (Operator.AT_LEAST, 60, 60, MET, Flip(59, -1)),
        (Operator.AT_LEAST, 60, 52, NOT_MET, Flip(60, 8)),
        (Operator.AT_LEAST, 60, None, UNKNOWN, Flip(60, None)),
        (Operator.AT_LEAST, 0, 0, MET, None),
        (Operator.AT_MOST, 24, 24, MET, Flip(25, 1)),
        (Operator.AT_MOST, 24, 30, NOT_MET, Flip(24, -6)),
        (Operator.ONE_OF, ("a", "b"), "b", MET, None),
        (Operator.ONE_OF, ("a", "b"), "c", NOT_MET, None),
        (Operator.ONE_OF, ("a", "b"), None, UNKNOWN, None),
        (Operator.ANY_OF, ("a", "b"), ("c", "b"), MET, None),
        (Operator.ANY_OF, ("a", "b"), ("c",), NOT_MET, None),
        (Operator.ANY_OF, ("a", "b"), (), NOT_MET, None),
        (Operator.COUNT_AT_LEAST, 2, ("a", "b"), MET, Flip(1, -1)),
        (Operator.COUNT_AT_LEAST, 2, ("a",), NOT_MET, Flip(2, 1)),
        (Operator.PRESENT, None, "a", MET, None),
        (Operator.PRESENT, None, False, MET, None),
        (Operator.PRESENT, None, None, NOT_MET, None),
        (Operator.PRESENT, None, (), NOT_MET, None),
    ],
)
def test_an_operator_reads_a_fact(
    operator: Operator, threshold: Any, value: FactValue, result: Result, flip: Flip | None
) -> None:
    (finding,) = evaluate([a_criterion(operator, threshold)], {"fact": value})

    assert (finding.result, finding.flip) == (result, flip)
    assert (finding.evidence, finding.threshold) == (value, threshold)


@given(
    operator=st.sampled_from([Operator.AT_LEAST, Operator.AT_MOST]),
    threshold=st.integers(1, 100),
    value=st.integers(0, 200),
)
def test_the_smallest_change_turns_the_result_over_and_a_smaller_one_does_not(
    operator: Operator, threshold: int, value: int
) -> None:
    criterion = a_criterion(operator, threshold)
    (finding,) = evaluate([criterion], {"fact": value})
    assert finding.flip is not None
    assert finding.flip.change is not None
    step = 1 if finding.flip.change > 0 else -1

    (turned,) = evaluate([criterion], {"fact": finding.flip.to})
    (nearly,) = evaluate([criterion], {"fact": finding.flip.to - step})

    assert finding.flip.to == value + finding.flip.change
    assert turned.result is not finding.result
    assert nearly.result is finding.result


def test_only_eligibility_can_make_an_application_inadmissible() -> None:
    criteria = [a_criterion(Operator.IS_TRUE, kind=kind) for kind in Kind]

    for value in (False, None):
        failed = failed_eligibility(evaluate(criteria, {"fact": value}))
        assert [finding.kind for finding in failed] == [Kind.ELIGIBILITY]


def test_the_seed_set_judges_a_plain_application_eligible() -> None:
    criteria = CRITERIA_SETS["gen-2016@1"].criteria
    findings = {each.criterion: each for each in evaluate(criteria, facts_of(a_content()))}

    assert failed_eligibility(tuple(findings.values())) == ()
    assert findings["women"].result is NOT_MET
    assert findings["women"].flip == Flip(30, 5)
    assert findings["innovative_teaching"].result is UNKNOWN


def test_every_kind_and_operator_is_in_the_seed_set() -> None:
    criteria = CRITERIA_SETS["gen-2016@1"].criteria

    assert {criterion.kind for criterion in criteria} == set(Kind)
    assert {criterion.operator for criterion in criteria} == set(Operator)


CRITERION = """
  - {{id: {id}, kind: eligibility, text: {{fr: a, en: b}}, source: s, fact: {fact}, operator: {operator}, {more}}}"""


@pytest.mark.parametrize(
    ("fact", "operator", "more"),
    [
        ("favourite_colour", "is_true", ""),
        ("months", "is_true", ""),
        ("months", "runs_code", ""),
        ("months", "at_least", ""),
        ("months", "at_least", "threshold: yes"),
        ("months", "at_least", "threshold: [3]"),
        ("innovative", "is_true", "threshold: 1"),
        ("skill_group", "one_of", "threshold: []"),
        ("innovative", "is_true", "weight: 3"),
    ],
)
def test_a_criterion_that_does_not_fit_is_refused_when_read(fact: str, operator: str, more: str) -> None:
    head = "id: t@1\ntitle: {fr: a, en: b}\ncriteria:"
    text = head + CRITERION.format(id="one", fact=fact, operator=operator, more=more)

    with pytest.raises(ValueError, match=r"one|no such fact|criteria"):
        read_criteria_set(text, name="t@1")


def test_a_set_is_called_like_its_file_and_names_a_criterion_once() -> None:
    head = "id: t@1\ntitle: {fr: a, en: b}\ncriteria:"
    one = CRITERION.format(id="one", fact="innovative", operator="is_true", more="")

    assert read_criteria_set(head + one, name="t@1").criteria[0].id == "one"
    with pytest.raises(ValueError, match="calls itself"):
        read_criteria_set(head + one, name="t@2")
    with pytest.raises(ValueError, match="named twice"):
        read_criteria_set(head + one + one, name="t@1")
