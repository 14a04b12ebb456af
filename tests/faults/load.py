"""The load: clients that declare, end, tell, correct and repeat over HTTP, and never lose count of what they said."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random

import httpx

from tests.faults.doors import (
    FIRST_DAY,
    LAST_DAY,
    Change,
    Sending,
    answers_of,
    day_after,
    door_of,
    page_of,
    shows,
)
from tests.faults.ledger import Content, Key, Ledger
from tests.support.scenario import HOLDER

TIMEOUT = 4.0
AGAIN_AFTER = 2.0
_TRIES = 20
_NEXT = {"entry": "entered", "end": "ended", "outcome": "told"}
_STAGES = {"entered": "entry", "ended": "end", "told": "outcome"}


@dataclass(frozen=True)
class Pace:
    """How much at once and how often."""

    bulk: int = 100
    pause: float = 0.8
    single_pause: float = 0.12
    callers: int = 3
    """How many send one thing at a time, side by side."""


@dataclass
class _Doubt:
    sending: Sending
    again_at: float


class Clients:
    """Tokens and connections of the callers."""

    def __init__(self, identity: str, *, urls: Mapping[str, Sequence[str]]) -> None:
        self._identity = identity
        self._urls = urls
        self._tokens: dict[str, tuple[str, float]] = {}
        self._turn = 0
        self._http = httpx.AsyncClient(timeout=TIMEOUT, limits=httpx.Limits(max_connections=64))

    async def close(self) -> None:
        """Leave."""
        await self._http.aclose()

    async def send(self, sending: Sending) -> httpx.Response:
        """Send to the replica whose turn it is. Raises httpx.HTTPError when no answer comes."""
        door = door_of(sending)
        self._turn += 1
        replicas = self._urls[door.service]
        url = replicas[self._turn % len(replicas)] + door.path
        return await self._http.request(
            door.method, url, json=door.body, headers=await self.headers(door.client)
        )

    async def get(self, service: str, path: str, *, client: str, **params: str) -> httpx.Response:
        """Read from the replica whose turn it is. Raises httpx.HTTPError when no answer comes."""
        self._turn += 1
        replicas = self._urls[service]
        url = replicas[self._turn % len(replicas)] + path
        return await self._http.get(url, params=params, headers=await self.headers(client))

    async def headers(self, client: str) -> dict[str, str]:
        """Authorization of a client."""
        token, until = self._tokens.get(client, ("", 0.0))
        if time.monotonic() > until:
            answer = await self._http.post(
                f"{self._identity}/token",
                data={"grant_type": "client_credentials"},
                auth=(client, f"development-only-{client}"),
            )
            answer.raise_for_status()
            token = str(answer.json()["access_token"])
            self._tokens[client] = token, time.monotonic() + 300
        return {"Authorization": f"Bearer {token}"}


class Load:
    """Several flows at once; one request at a time under any key."""

    def __init__(self, clients: Clients, ledger: Ledger, *, rng: Random, pace: Pace) -> None:
        self._clients = clients
        self._ledger = ledger
        self._rng = rng
        self._pace = pace
        self._idle: dict[str, list[str]] = {stage: [] for stage in _STAGES}
        """References nobody is sending, by the last thing said of them."""
        self._doubts: list[_Doubt] = []
        self._people = 0
        self._targets = 0
        self._sendings = 0
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        """Send until stopped; then every doubt is resolved before this returns."""
        pace, bulk = self._pace, self._pace.bulk
        one_at_a_time: list[tuple[Callable[[], Awaitable[None]], float]] = [
            (lambda: self.enter(1, bulk=False), pace.single_pause),
            (lambda: self.end(1, bulk=False), pace.single_pause),
            (self.correct, pace.single_pause),
        ]
        flows: list[tuple[Callable[[], Awaitable[None]], float]] = [
            *(one_at_a_time * pace.callers),
            (lambda: self.enter(self._rng.randint(bulk // 3, bulk), bulk=True), pace.pause),
            (lambda: self.end(self._rng.randint(bulk // 4, bulk), bulk=True), pace.pause),
            (lambda: self.tell(self._rng.randint(bulk // 4, bulk)), pace.pause),
            (self.repeat, pace.pause),
            (self.set_target, pace.pause / 2),
            (self._resolve, 0.2),
        ]
        async with asyncio.TaskGroup() as group:
            for step, pause in flows:
                group.create_task(self._flow(step, pause=pause))
        while self._doubts:
            await self._resolve()
            await asyncio.sleep(0.2)

    def stop(self) -> None:
        """Say nothing new."""
        self._stopped.set()

    async def _flow(self, step: Callable[[], Awaitable[None]], *, pause: float) -> None:
        while not self._stopped.is_set():
            await step()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), pause)

    async def enter(self, count: int, *, bulk: bool) -> None:
        """New learners enter."""
        changes = []
        for _ in range(count):
            self._people += 1
            content = {
                "entered_on": day_after(FIRST_DAY, self._rng.randrange(20)),
                "level": self._rng.randint(1, 8),
            }
            changes.append(Change(Key("entry", f"E-{self._people}"), content))
        await self.send("entry", changes, bulk=bulk)

    async def end(self, count: int, *, bulk: bool) -> None:
        """Learners who have entered complete or give up."""
        changes = [
            Change(Key("end", reference), self._an_end()) for reference in self._take("entered", count)
        ]
        await self.send("end", changes, bulk=bulk)

    async def tell(self, count: int) -> None:
        """The reporter says what became of leavers."""
        changes = [
            self._change("outcome", reference, content=self._an_outcome(collected=0))
            for reference in self._take("ended", count)
        ]
        await self.send("outcome", changes, bulk=True)

    async def correct(self, stage: str | None = None) -> None:
        """Say something else under a key whose last answer is known."""
        stage = stage or self._rng.choice(list(_STAGES))
        for reference in self._take(stage, 1):
            kind = _STAGES[stage]
            record = self._ledger.record(Key(kind, reference))
            if record.was_in_doubt:
                self._idle[stage].append(reference)
                continue
            content = self._other(kind, record.accepted)
            await self.send(
                kind, [self._change(kind, reference, content=content)], bulk=kind == "outcome" or self._coin()
            )

    async def repeat(self) -> None:
        """Say the same again."""
        stage = self._rng.choice(list(_STAGES))
        kind = _STAGES[stage]
        changes = [
            self._change(kind, reference, content=self._ledger.record(Key(kind, reference)).accepted[-1])
            for reference in self._take(stage, self._rng.randint(1, 20))
        ]
        await self.send(kind, changes, bulk=True, again=True)

    async def set_target(self) -> None:
        """The label office sets a new target, or changes one."""
        if self._targets == 0 or self._coin():
            self._targets += 1
        number = self._rng.randint(1, self._targets)
        key = Key("target", f"T-{number}")
        record = self._ledger.record(key)
        if record.was_in_doubt:
            return
        value = 1 + sum(content["value"] for content in record.accepted)
        await self.send("target", [Change(key, {"value": value})], bulk=False)

    async def send(self, kind: str, changes: Sequence[Change], *, bulk: bool, again: bool = False) -> None:
        """Send changes of one kind as one request."""
        if not changes:
            return
        self._sendings += 1
        await self._try(Sending(kind=kind, changes=changes, bulk=bulk, number=self._sendings, again=again))

    async def _try(self, sending: Sending) -> None:
        try:
            answer = await self._clients.send(sending)
        except httpx.HTTPError as error:
            self._doubt(sending, reason=type(error).__name__)
            return
        if answer.status_code >= 500:
            self._doubt(sending, reason=str(answer.status_code))
            return
        for item in answers_of(sending, answer):
            key = item.change.key
            if item.problem is not None:
                self._ledger.surprise(key, item.problem)
                continue
            self._ledger.accept(key, item.change.content, details=item.details, held=item.held)
            if key.kind in _NEXT:
                self._idle[_NEXT[key.kind]].append(key.reference)

    def _doubt(self, sending: Sending, *, reason: str) -> None:
        for change in sending.changes:
            self._ledger.doubt(change.key, change.content, reason=reason)
        again_at = time.monotonic() + AGAIN_AFTER * (0.5 + self._rng.random())
        self._doubts.append(_Doubt(sending, again_at))

    async def _resolve(self) -> None:
        """Send again what was not answered: the key makes it the same."""
        now = time.monotonic()
        due = [doubt for doubt in self._doubts if doubt.again_at <= now]
        self._doubts = [doubt for doubt in self._doubts if doubt.again_at > now]
        await asyncio.gather(*(self._settle(doubt.sending) for doubt in due))

    async def _settle(self, sending: Sending) -> None:
        [change, *more] = sending.changes
        page = None if more or self._coin() else page_of(change)
        if page is None or not await self._is_shown(change, page):
            await self._try(sending)
            return
        self._ledger.accept(change.key, change.content, details={}, held=True)
        self._idle[_NEXT[change.key.kind]].append(change.key.reference)

    async def _is_shown(self, change: Change, page: str) -> bool:
        """Look the key up; an answer that does not come leaves the doubt as it is."""
        try:
            answer = await self._clients.get("enrolment", page, client=HOLDER)
        except httpx.HTTPError:
            return False
        if not answer.is_success or not shows(answer.json(), change):
            return False
        self._ledger.record(change.key).details["enrolment_id"] = answer.json()["enrolment_id"]
        return True

    def _take(self, stage: str, count: int) -> list[str]:
        idle = self._idle[stage]
        self._rng.shuffle(idle)
        taken, self._idle[stage] = idle[:count], idle[count:]
        return taken

    def _change(self, kind: str, reference: str, *, content: Content) -> Change:
        enrolment = self._ledger.record(Key("entry", reference)).details.get("enrolment_id")
        return Change(Key(kind, reference), content, enrolment if kind == "outcome" else None)

    def _an_end(self) -> Content:
        kind = "completed" if self._rng.random() < 0.8 else "abandoned"
        return {"kind": kind, "ended_on": day_after(LAST_DAY, self._rng.randrange(15))}

    def _an_outcome(self, *, collected: int) -> Content:
        kind = "contract" if self._coin() else "situation"
        return {"kind": kind, "collected_on": day_after(FIRST_DAY.replace(year=2017, month=1), collected)}

    def _other(self, kind: str, accepted: Sequence[Content]) -> Content:
        """A content that was never said under this key, as far as a few tries find one; else the same again."""
        for _ in range(_TRIES):
            content = self._drawn(kind, accepted)
            if content not in accepted:
                return content
        return accepted[-1]

    def _drawn(self, kind: str, accepted: Sequence[Content]) -> Content:
        if kind == "entry":
            return {**accepted[-1], "level": self._rng.randint(1, 8)}
        return self._an_end() if kind == "end" else self._an_outcome(collected=len(accepted))

    def _coin(self) -> bool:
        return self._rng.random() < 0.5
