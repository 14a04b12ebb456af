"""The clients' own books: each change counted once, doubts resolved and never dropped."""

import httpx

from tests.faults.doors import Change, Sending, answers_of
from tests.faults.ledger import Key, Ledger

KEY = Key("entry", "E-1")
ONE, OTHER = {"level": 1}, {"level": 2}


def sent(*references: str, again: bool = False) -> Sending:
    changes = [Change(Key("entry", reference), ONE) for reference in references]
    return Sending(kind="entry", changes=changes, bulk=True, number=1, again=again)


def test_the_same_content_accepted_again_counts_once_and_another_counts_anew() -> None:
    ledger = Ledger()
    ledger.accept(KEY, ONE, details={})
    ledger.accept(KEY, ONE, details={})
    assert ledger.accepted == 1
    ledger.accept(KEY, OTHER, details={})
    assert (ledger.accepted, ledger.record(KEY).accepted) == (2, [ONE, OTHER])


def test_a_doubt_is_resolved_once_and_remembered() -> None:
    ledger = Ledger()
    for _ in range(3):
        ledger.doubt(KEY, ONE, reason="ReadTimeout")
    assert (ledger.unresolved, ledger.accepted) == ([KEY], 0)
    ledger.accept(KEY, ONE, details={}, held=True)
    assert (ledger.unresolved, ledger.accepted) == ([], 1)
    assert (ledger.unknown_resolved, ledger.done_unanswered) == (1, 1)
    assert ledger.record(KEY).was_in_doubt
    assert ledger.unknown == {"ReadTimeout": 3}


def test_a_doubted_repetition_is_no_news_that_was_carried_out() -> None:
    ledger = Ledger()
    ledger.accept(KEY, ONE, details={})
    ledger.doubt(KEY, ONE, reason="503")
    ledger.accept(KEY, ONE, details={}, held=True)
    assert (ledger.unknown_resolved, ledger.done_unanswered, ledger.accepted) == (1, 0, 1)


def test_each_item_of_a_bulk_answer_is_judged_alone() -> None:
    results = [{"status": "created", "enrolment_id": "x"}, {"status": "rejected", "errors": []}]
    good, bad = answers_of(sent("E-1", "E-2"), httpx.Response(207, json={"results": results}))
    assert (good.problem, good.held, good.details) == (None, False, {"enrolment_id": "x"})
    assert bad.problem == "rejected []"


def test_a_repetition_that_is_taken_for_news_is_a_problem() -> None:
    answer = httpx.Response(207, json={"results": [{"status": "updated"}, {"status": "unchanged"}]})
    news, same = answers_of(sent("E-1", "E-2", again=True), answer)
    assert news.problem == "the same again was updated"
    assert (same.problem, same.held) == (None, True)


def test_a_refused_call_is_a_problem_of_each_of_its_items() -> None:
    answers = answers_of(sent("E-1", "E-2"), httpx.Response(422, text="no"))
    assert [answer.problem for answer in answers] == ["422 no", "422 no"]
