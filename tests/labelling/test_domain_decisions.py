"""The chain of decisions: whoever alters, drops, adds or swaps one is seen."""

from dataclasses import replace
from datetime import date

import pytest

from services.labelling.domain.decisions import (
    Decision,
    Head,
    Link,
    Outcome,
    Reason,
    chain,
    check_decision,
    digest_of,
    hash_of,
    walk,
)
from shared.kernel.errors import Invalid
from tests.labelling.builders import HOLDER, a_content


def a_decision(number: int) -> Decision:
    return Decision(
        f"DEC-{number}",
        HOLDER,
        f"FORM-{number}",
        Outcome.REFUSED,
        date(2016, 2, 3),
        "Jury",
        (Reason("weak", "é"),),
    )


def a_chain(length: int) -> list[Link]:
    links: list[Link] = []
    head = Head()
    for number in range(1, length + 1):
        digest = digest_of(a_content(title=f"Formation {number}"))
        links.append(chain(head, a_decision(number), criteria_set="gen-2016@1", content_digest=digest))
        head = links[-1].as_head()
    return links


def test_a_chain_that_nobody_touched_holds() -> None:
    links = a_chain(5)

    assert walk(Head(), links) == (links[-1].as_head(), None)
    assert walk(links[1].as_head(), links[2:]) == (links[-1].as_head(), None)


def test_the_hash_of_a_decision_is_the_same_for_ever() -> None:
    (link,) = a_chain(1)

    assert link.hash == "457211af2c5e6c496f328f0f1b7645be56eeb47f5bf74b710a78905eefbf3481"


def test_whatever_is_changed_shows_at_its_place() -> None:
    links = a_chain(5)
    third = links[2]
    altered = replace(third, decision=replace(third.decision, outcome=Outcome.GRANTED))
    resealed = replace(altered, hash=hash_of(altered))

    for changed, broken in [
        ([*links[:2], altered, *links[3:]], 3),
        ([*links[:2], resealed, *links[3:]], 4),
        ([*links[:2], *links[3:]], 3),
        ([links[1], links[0], *links[2:]], 1),
        ([*links[:2], replace(third, content_digest="0"), *links[3:]], 3),
        ([*links[:2], replace(third, criteria_set=None), *links[3:]], 3),
    ]:
        assert walk(Head(), changed)[1] == broken


def test_a_refusal_needs_a_reason_and_a_grant_does_not() -> None:
    bare = replace(a_decision(1), reasons=())

    check_decision(replace(bare, outcome=Outcome.GRANTED))
    with pytest.raises(Invalid) as refusal:
        check_decision(bare)
    assert refusal.value.rule.code == "reasons_required"
