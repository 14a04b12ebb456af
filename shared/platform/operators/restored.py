"""`restored`: decide what becomes of a log whose database was set back, at its speaker and at each listener."""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from shared.platform.exchange import adopting
from shared.platform.exchange.adopting import NotDecided, Standing
from shared.platform.exchange.applying import LogChanged
from shared.platform.exchange.broker import BrokerUnavailable
from shared.platform.exchange.feed import FeedUnavailable
from shared.platform.exchange.hearing_again import HearingAgain
from shared.platform.exchange.nats_broker import NatsBroker
from shared.platform.exchange.rebuild import InTheWay, Rebuild
from shared.platform.exchange.restoring import Divergence, decide, divergence, earlier_decision
from shared.platform.exchange.table_sets import Unfit
from shared.platform.operators.environment import (
    Refused,
    json_argument,
    service_argument,
    settings_of,
    show,
)
from shared.platform.operators.owning import feed_of, owner_of, owner_url, service_of
from shared.platform.settings import ServiceSettings
from shared.platform.topology import HEARS

HELP = "after a restore: begin a new log epoch at a speaker, then let each listener follow it"
CONNECT = 10.0


def arguments(parser: argparse.ArgumentParser) -> None:
    """Whose database was set back, and for which side to decide."""
    service_argument(parser)
    json_argument(parser)
    parser.add_argument("--listener", help="decide for this listener; without it, for the speaker")
    parser.add_argument(
        "--yes", action="store_true", help="decide; without it, only say what would be decided"
    )
    parser.add_argument(
        "--opened-at",
        type=datetime.fromisoformat,
        help="when the restored database was opened to callers, with its zone: what was recorded since came after it",
    )
    parser.add_argument(
        "--without-broker", action="store_true", help="the broker is lost too: compare nothing"
    )
    parser.add_argument(
        "--again", action="store_true", help="decide anew although nothing shows since the last decision"
    )


async def run(given: argparse.Namespace) -> int:
    """What came to nothing, line by line."""
    if given.opened_at is not None and given.opened_at.tzinfo is None:
        raise Refused("--opened-at has no zone: write 2026-11-25T14:00:00+01:00")
    try:
        if given.listener:
            return await _listener(given)
        return await _speaker(given)
    except NotDecided:
        raise Refused(
            f"{given.service} has not decided: restored {given.service} --yes comes first"
        ) from None
    except (InTheWay, Unfit) as reason:
        raise Refused(str(reason)) from None
    except (BrokerUnavailable, FeedUnavailable, LogChanged) as failure:
        sys.stderr.write(f"{type(failure).__name__}: {failure}\n")
        return 1


async def _speaker(given: argparse.Namespace) -> int:
    settings = settings_of(given.service)
    async with owner_of(settings) as owner, _stored(settings, without=given.without_broker) as stored:
        found = await divergence(owner, stored, opened_at=given.opened_at)
        decision = None if given.again else await earlier_decision(owner, found=found)
        if decision is not None:
            sys.stderr.write(f"decided before, nothing has come to light since: epoch {decision.epoch}\n")
        elif not given.yes:
            return _would_decide(found)
        else:
            decision = await decide(owner, found=found)
    show(map(dict, decision.rolled_back), as_json=given.json)
    cuts = " ".join(f"{partition:02d}:{seq}" for partition, seq in sorted(decision.cuts.items()))
    sys.stderr.write(f"epoch {decision.epoch}, {decision.count} events rolled back, cuts {cuts}\n")
    listeners = [listener for listener, speakers in HEARS.items() if given.service in speakers]
    sys.stderr.write(
        f"now for each listener ({', '.join(listeners)}): restored {given.service} --listener ...\n"
    )
    return 0


def _would_decide(found: Divergence) -> int:
    for envelope in found.rolled_back:
        sys.stdout.write(
            f"{envelope.speaker}/{envelope.partition:02d}/{envelope.sequence}  {envelope.type}"
            f"  {envelope.aggregate_id}  {envelope.recorded_at.isoformat(timespec='seconds')}\n"
        )
    sys.stderr.write(
        f"{len(found.rolled_back)} events would be rolled back; nothing was decided: add --yes\n"
    )
    return 2


@asynccontextmanager
async def _stored(settings: ServiceSettings, *, without: bool) -> AsyncIterator[NatsBroker | None]:
    if without:
        yield None
        return
    broker = NatsBroker(settings.nats_url, identity=settings.service, seed_file=settings.nats_seed_file)
    try:
        async with asyncio.timeout(CONNECT):
            await broker.connect()
    except TimeoutError:
        raise Refused("the broker does not answer: wait for it, or say --without-broker") from None
    try:
        yield broker
    finally:
        await broker.close()


async def _listener(given: argparse.Namespace) -> int:
    speaker, listener = given.service, given.listener
    if speaker not in HEARS.get(listener, ()):
        raise Refused(f"{listener} does not hear {speaker}")
    settings = settings_of(listener)
    service = service_of(settings)
    async with owner_of(settings) as owner, feed_of(settings) as feed:
        if not given.yes:
            epochs = await feed.epochs(speaker)
            found = await adopting.compare(owner, feed, speaker=speaker, epochs=epochs)
            _say(found, listener=listener, speaker=speaker)
            sys.stderr.write("nothing was decided: add --yes\n")
            return 2

        async def anew() -> None:
            if service.projection:
                await Rebuild(service, owner_url(settings), pages=feed).run()
            else:
                await HearingAgain(service, owner, pages=feed, source=speaker).run()

        found = await adopting.adopt(owner, feed, speaker=speaker, anew=anew)
    _say(found, listener=listener, speaker=speaker)
    sys.stdout.write(f"{listener} follows epoch {found.epoch} of {speaker}\n")
    return 0


def _say(found: Standing, *, listener: str, speaker: str) -> None:
    if found.is_sound:
        sys.stdout.write(f"{listener} had heard nothing of {speaker} that came to nothing\n")
        return
    for partition, number in sorted(found.rolled_back.items()):
        sys.stdout.write(f"{speaker}/{partition:02d}  rolled back {'?' if number is None else number}\n")
    total = "an unknown number" if found.total is None else str(found.total)
    sys.stdout.write(f"{listener} had applied {total} events of {speaker} that came to nothing\n")
