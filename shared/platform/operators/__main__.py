"""Entry of `python -m shared.platform.operators VERB ...`; settings come from `<SERVICE>_*`, as the services' own."""

import argparse
import asyncio
import sys
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from shared.platform import logs
from shared.platform.operators import (
    archive,
    audit,
    lag,
    parked,
    positions,
    rebuild,
    redrive,
    repair,
    restored,
)
from shared.platform.operators.environment import Refused


class Verb(Protocol):
    """What a module of this folder has."""

    HELP: str

    def arguments(self, parser: argparse.ArgumentParser, /) -> None:
        """Say what it takes."""

    async def run(self, given: argparse.Namespace, /) -> int:
        """Do it; 0 is well, 1 is not."""


VERBS: dict[str, Verb] = {
    "lag": lag,
    "positions": positions,
    "parked": parked,
    "redrive": redrive,
    "repair": repair,
    "archive": archive,
    "audit": audit,
    "rebuild": rebuild,
    "restored": restored,
}


def main(words: list[str]) -> int:
    """Run a verb. 0 is well, 1 is not, 2 was refused before anything was done."""
    parser = argparse.ArgumentParser(prog="python -m shared.platform.operators", allow_abbrev=False)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, verb in VERBS.items():
        verb.arguments(verbs.add_parser(name, help=verb.HELP, description=verb.HELP, allow_abbrev=False))
    given = parser.parse_args(words)
    # Standard output is for the answer.
    logs.configure(service="operators", level="CRITICAL")
    try:
        return asyncio.run(VERBS[given.verb].run(given))
    except Refused as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 2
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        # Its text may quote a value.
        sys.stderr.write(f"the database does not answer as it should: {type(error).__name__}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
