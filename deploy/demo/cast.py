"""Everyone who acts in the replay, and what they act on."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import httpx

from deploy.demo.callers import Caller, Line
from deploy.demo.fixture import Fixture
from deploy.demo.fixture.model import EnrolmentKey, Holder, Person
from deploy.demo.steps import Steps
from deploy.local.stack import Stack

_OFFICE: Final = "label-office"
_REPORTER: Final = "france-travail"
_STATISTICIAN: Final = "statistician"
_TIMEOUT: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class Cast:
    """The callers, the year they play, and who watches."""

    line: Line
    clients: Mapping[str, Caller]
    fixture: Fixture
    plant: str | None
    steps: Steps

    @property
    def office(self) -> Caller:
        """Declares calls and targets, and decides."""
        return self.clients[_OFFICE]

    @property
    def reporter(self) -> Caller:
        """The employment service: reads rosters, pushes outcomes."""
        return self.clients[_REPORTER]

    @property
    def statistician(self) -> Caller:
        """Reads exact figures."""
        return self.clients[_STATISTICIAN]

    def client_of(self, holder: Holder) -> Caller:
        """The client that acts for a holder."""
        return self.clients[holder.client_id]

    @property
    def people(self) -> dict[EnrolmentKey, Person]:
        """Who is behind each enrolment, as the employment service knows them from its own files."""
        return {one.key: one.person for one in self.fixture.enrolments}

    @property
    def watcher(self) -> Caller:
        """Asks every service how fresh it is: a holder's token is good for all four."""
        return self.client_of(self.fixture.holders[0])


@asynccontextmanager
async def gathered(stack: Stack, *, fixture: Fixture, steps: Steps) -> AsyncIterator[Cast]:
    """The cast, with its connections open."""
    # A company's proxy cannot reach this machine's own addresses: nothing is taken from the environment.
    async with httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False) as http:
        line = Line(http, stack.urls)
        clients = {name: Caller(name, secret=secret, line=line) for name, secret in stack.clients.items()}
        yield Cast(line=line, clients=clients, fixture=fixture, plant=stack.plant, steps=steps)
