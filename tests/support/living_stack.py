"""The whole embedded stack, started with a state of its own, stopped and forgotten at the end."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import httpx

PROJECT = Path(__file__).resolve().parents[2]
SERVICES = ("labelling", "enrolment", "followup", "indicators")
START_WITHIN = 60.0
_LAST_HINT = b"Ctrl-C stops it"


@dataclass
class LivingStack:
    """Addresses and tokens of a running stack."""

    port_base: int
    http: httpx.AsyncClient
    folder: Path
    """Where its state and its logs are."""

    def url(self, name: str) -> str:
        """Base URL of a service."""
        return f"http://127.0.0.1:{self.port_base + 1 + SERVICES.index(name)}"

    async def headers(self, client: str) -> dict[str, str]:
        """Authorization of one client of the development identity provider."""
        answer = await self.http.post(
            f"http://127.0.0.1:{self.port_base}/token",
            data={"grant_type": "client_credentials"},
            auth=(client, f"development-only-{client}"),
        )
        answer.raise_for_status()
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}


@asynccontextmanager
async def living_stack(
    *, state: str, port_base: int, traces: bool = False, replayed: bool = False
) -> AsyncIterator[LivingStack]:
    """Run `python -m deploy.local run` beside us until the end of the block; `replayed`, with the year 2016 in it."""
    environment = dict(os.environ) | {"STATE": state, "PORT_BASE": str(port_base), "TRACES": str(int(traces))}
    folder = PROJECT / ".local" / state
    shutil.rmtree(folder, ignore_errors=True)
    process = subprocess.Popen(  # noqa: ASYNC220 - started once, before anything is measured
        [sys.executable, "-m", "deploy.local", "demo" if replayed else "run"],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.PIPE if replayed else subprocess.DEVNULL,
    )
    try:
        async with httpx.AsyncClient(timeout=30) as http:
            stack = LivingStack(port_base, http, folder)
            await _ready(stack, process)
            if process.stdout is not None:
                await asyncio.to_thread(_read_to_the_end_of_the_replay, process.stdout)
            yield stack
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        if process.stdout is not None:
            process.stdout.close()
        shutil.rmtree(folder, ignore_errors=True)


async def _ready(stack: LivingStack, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_WITHIN
    waiting = list(SERVICES)
    while waiting:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(json.dumps({"not ready": waiting, "launcher": process.poll()}))
        try:
            if (await stack.http.get(f"{stack.url(waiting[0])}/readyz")).is_success:
                waiting.pop(0)
        except httpx.HTTPError:
            await asyncio.sleep(0.1)


def _read_to_the_end_of_the_replay(said: IO[bytes]) -> None:
    for line in said:
        if line.startswith(_LAST_HINT):
            return
    raise RuntimeError("the replay has not come to its end")
