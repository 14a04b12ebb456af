"""What to try next: addresses, and commands that work when they are pasted into any terminal of this machine."""

import sys
from typing import Final
from urllib.parse import urlencode

from deploy.demo.fixture import Fixture
from deploy.demo.fixture.plan import WAVES_READ_ON, YEAR_END
from deploy.local.stack import Stack

# A proxy of the company that the terminal knows of cannot reach this machine's own addresses.
_CURL: Final = "curl -s --noproxy '*'"
_TOKEN_OF: Final = """python3 -c 'import json,sys; print(json.load(sys.stdin)["access_token"])'"""


def addresses(stack: Stack) -> list[str]:
    """What can be opened without a token."""
    return [
        *(f"{stack.urls[name]}/openapi.json" for name in stack.urls if name != "identity"),
        f"{stack.urls['labelling']}/v1/register?on={YEAR_END}&region=11",
    ]


def curl_lines(stack: Stack, *, fixture: Fixture) -> list[str]:
    """An indicator, the public register, a roster: each line fetches the token it needs."""
    indicator = urlencode({"as_of": f"{WAVES_READ_ON}", "purpose": "demo"})
    register = urlencode({"on": f"{YEAR_END}", "region": fixture.trainings[0].region, "limit": 2})
    roster = urlencode(
        {"exit_month": fixture.phases[0].lots[0].exit_months[0], "purpose": "demo", "limit": 3}
    )
    return [
        _line(stack, f"indicators/v1/exact/indicators/insertion_6?{indicator}", client="statistician"),
        _line(stack, f"labelling/v1/register?{register}"),
        _line(stack, f"enrolment/v1/rosters?{roster}", client="france-travail"),
    ]


def print_tries(stack: Stack, *, fixture: Fixture) -> None:
    """Each in a line of its own that no terminal's width breaks."""
    lines = [
        "Open:",
        *(f"  {address}" for address in addresses(stack)),
        "Paste:",
        *curl_lines(stack, fixture=fixture),
    ]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def _line(stack: Stack, place: str, *, client: str | None = None) -> str:
    service, _, path = place.partition("/")
    asked = f"{_CURL} -w '\\n' \"{stack.urls[service]}/{path}\""
    return asked if client is None else f'{asked} -H "Authorization: Bearer $({_token(stack, client)})"'


def _token(stack: Stack, client: str) -> str:
    granted = f"{stack.urls['identity']}/token"
    asked = f"{_CURL} -u {client}:{stack.clients[client]} -d grant_type=client_credentials {granted}"
    return f"{asked} | {_TOKEN_OF}"
