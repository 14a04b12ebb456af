"""`rebuild`: make a projection again from the logs and swap it, or hear one source again in place."""

import argparse
import sys
from collections.abc import Iterable

from shared.platform.exchange.applying import LogChanged
from shared.platform.exchange.feed import FeedUnavailable
from shared.platform.exchange.hearing_again import HearingAgain
from shared.platform.exchange.rebuild import InTheWay, Rebuild, Unequal
from shared.platform.exchange.table_sets import Difference, Unfit
from shared.platform.operators.environment import (
    Refused,
    json_argument,
    service_argument,
    settings_of,
    show,
)
from shared.platform.operators.owning import feed_of, owner_of, owner_url, service_of
from shared.platform.settings import ServiceSettings

HELP = "hear everything again: a projection beside the live one, any other listener in place and source by source"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Of which service, and what to do with the set that was swapped."""
    service_argument(parser)
    json_argument(parser)
    parser.add_argument(
        "--source", help="hear this source again in place (services that own more than they heard)"
    )
    parser.add_argument(
        "--expect-equal", action="store_true", help="swap nothing and end with 1 when the two sets differ"
    )
    parser.add_argument(
        "--forget", action="store_true", help="drop the set kept from before the last rebuild"
    )


async def run(given: argparse.Namespace) -> int:
    """The comparison, table by table; what differed is told, and was the reason for the rebuild or is one to look."""
    settings = settings_of(given.service)
    projection = bool(service_of(settings).projection)
    if projection and given.source:
        raise Refused(f"{given.service} is rebuilt whole: leave --source away")
    if not projection and (not given.source or given.forget or given.expect_equal):
        raise Refused(f"{given.service} hears again in place: give --source and nothing else")
    try:
        if given.source:
            return await _in_place(settings, given.source)
        return await _beside(settings, given)
    except (InTheWay, Unfit) as reason:
        raise Refused(str(reason)) from None
    except Unequal as unequal:
        show(_rows(unequal.differences), as_json=given.json)
        sys.stderr.write("the two sets differ: nothing was swapped\n")
        return 1
    except (LogChanged, FeedUnavailable) as failure:
        sys.stderr.write(f"{failure}\n")
        return 1


async def _in_place(settings: ServiceSettings, source: str) -> int:
    async with owner_of(settings) as owner, feed_of(settings) as feed:
        heard = await HearingAgain(service_of(settings), owner, pages=feed, source=source).run()
    sys.stdout.write(f"{settings.service} heard {heard} events of {source} again\n")
    return 0


async def _beside(settings: ServiceSettings, given: argparse.Namespace) -> int:
    async with feed_of(settings) as feed:
        rebuild = Rebuild(service_of(settings), owner_url(settings), pages=feed)
        if given.forget:
            names = await rebuild.forget()
            sys.stdout.write(f"forgotten: {', '.join(names) or 'nothing was kept'}\n")
            return 0
        rebuilt = await rebuild.run(expect_equal=given.expect_equal)
    show(_rows(rebuilt.differences), as_json=given.json)
    sys.stderr.write(
        f"{rebuilt.events} events heard again, tables swapped; the former set is in {settings.service}_before"
        " until --forget\n"
    )
    return 0


def _rows(differences: Iterable[Difference]) -> Iterable[dict[str, object]]:
    for one in differences:
        yield {
            "table": one.table,
            "live": one.live,
            "again": one.beside,
            "only_live": one.only_live if one.demanded else None,
            "only_again": one.only_beside if one.demanded else None,
            "verdict": ("equal" if one.equal else "differs") if one.demanded else "not compared",
        }
