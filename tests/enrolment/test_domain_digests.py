"""Equal books have equal digests."""

import hashlib
import random
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from services.enrolment.domain.digests import digest_line, digest_of


def test_a_line_has_four_parts_and_no_invented_end() -> None:
    line = digest_line(reference="INS-1", entered_on=date(2016, 3, 1), status="in_training", ended_on=None)
    assert line == "INS-1|2016-03-01|in_training|"
    line = digest_line(
        reference="INS-1", entered_on=date(2016, 3, 1), status="completed", ended_on=date(2016, 9, 30)
    )
    assert line == "INS-1|2016-03-01|completed|2016-09-30"


def test_the_hash_is_that_of_the_sorted_lines() -> None:
    assert digest_of(["b", "a"]).sha256 == hashlib.sha256(b"a\nb").hexdigest()
    assert digest_of([]).sha256 == hashlib.sha256(b"").hexdigest()


@given(st.lists(st.text(max_size=5), max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_the_books_does_not_matter(lines: list[str], dice: random.Random) -> None:
    shuffled = list(lines)
    dice.shuffle(shuffled)
    assert digest_of(shuffled) == digest_of(lines)
