"""Cursors: pages follow each other whatever comes and goes; only ours are read, for the same question alone."""

import base64
from collections.abc import Callable, Iterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.platform.edge.paging import Cursors
from shared.platform.edge.problems import ProblemError
from tests.platform import toy as toys
from tests.platform.toy import is_problem
from tests.support.tokens import token


@pytest.fixture
def shelf() -> Iterator[list[int]]:
    """The numbers of the toy's list, twenty at first."""
    toys.SHELF[:] = range(1, 21)
    yield toys.SHELF
    toys.SHELF.clear()


async def first_cursor(toy: httpx.AsyncClient, path: str = "/v1/shelf", **params: str) -> str:
    answer = await toy.get(path, params=params | {"limit": "5"})
    return str(answer.json()["next"])


async def test_pages_follow_each_other_to_the_end(toy: httpx.AsyncClient, shelf: list[int]) -> None:
    found: list[int] = []
    params: dict[str, str] = {"limit": "7"}
    while True:
        page = (await toy.get("/v1/shelf", params=params)).json()
        found += page["items"]
        if page["next"] is None:
            break
        params["after"] = page["next"]
    assert found == shelf


async def test_what_comes_and_goes_between_two_pages_is_neither_lost_nor_doubled(
    toy: httpx.AsyncClient, shelf: list[int]
) -> None:
    after = await first_cursor(toy)
    shelf.remove(5)  # the very row the cursor stands on
    shelf.remove(3)
    shelf.remove(8)
    shelf.insert(0, 0)
    rest = (await toy.get("/v1/shelf", params={"after": after})).json()
    assert rest["items"] == [6, 7, *range(9, 21)]


@pytest.mark.parametrize(
    "change",
    [
        lambda cursor: cursor[:-1] + ("A" if cursor[-1] != "A" else "B"),
        lambda cursor: ("A" if cursor[0] != "A" else "B") + cursor[1:],
        lambda cursor: cursor[:-2],
        lambda cursor: cursor + "AA",
        lambda _: "5",
        lambda _: "A",
        lambda _: base64.urlsafe_b64encode(bytes(16) + b"5").decode().rstrip("="),
    ],
)
async def test_a_cursor_that_is_not_ours_is_refused(
    toy: httpx.AsyncClient, shelf: list[int], change: Callable[[str], str]
) -> None:
    answer = await toy.get("/v1/shelf", params={"after": change(await first_cursor(toy))})
    problem = is_problem(answer, 400, code="invalid_cursor")
    assert problem["errors"][0]["pointer"] == "/after"


@pytest.mark.parametrize("cursor", ["", "a" * 401, "é", "a b", "=", "x" * 7000])
async def test_a_cursor_of_another_form_is_refused(
    toy: httpx.AsyncClient, shelf: list[int], cursor: str
) -> None:
    assert (await toy.get("/v1/shelf", params={"after": cursor})).status_code == 400


async def test_a_cursor_is_of_one_list_one_filter_and_one_tenant(
    toy: httpx.AsyncClient, shelf: list[int]
) -> None:
    cursor = await first_cursor(toy)
    for path, params in (("/v1/shelf", {"odd": "true"}), ("/v1/public-shelf", {})):
        is_problem(await toy.get(path, params=params | {"after": cursor}), 400, code="invalid_cursor")
    for stranger in (token(scope="toy:write", sub="else"), token(scope="toy:write", org="000000018")):
        headers = {"Authorization": f"Bearer {stranger}"}
        answer = await toy.get("/v1/shelf", params={"after": cursor}, headers=headers)
        is_problem(answer, 400, code="invalid_cursor")
    same = await toy.get("/v1/shelf", params={"limit": "2", "after": cursor})
    assert same.json()["items"] == [6, 7], "another size of page is the same list"


async def test_a_cursor_of_the_former_secret_is_read_and_none_is_made_with_it(
    toy: httpx.AsyncClient, shelf: list[int]
) -> None:
    state = toy._transport.app.state  # type: ignore[attr-defined]  # the application in the transport
    state.cursors = Cursors(["old"])
    of_old = await first_cursor(toy)
    state.cursors = Cursors(["new", "old"])
    page = (await toy.get("/v1/shelf", params={"limit": "5", "after": of_old})).json()
    assert page["items"] == [6, 7, 8, 9, 10]
    state.cursors = Cursors(["new"])
    assert (await toy.get("/v1/shelf", params={"after": page["next"]})).status_code == 200
    assert (await toy.get("/v1/shelf", params={"after": of_old})).status_code == 400


@given(key=st.text(max_size=80), question=st.binary(max_size=32), other=st.binary(max_size=32))
def test_what_is_sealed_is_opened_for_its_question_alone(key: str, question: bytes, other: bytes) -> None:
    cursors = Cursors(["secret"])
    try:
        key.encode()
    except UnicodeEncodeError:
        return
    sealed = cursors.seal(key, question=question)
    assert cursors.open(sealed, question=question) == key
    if other != question:
        with pytest.raises(ProblemError):
            cursors.open(sealed, question=other)
