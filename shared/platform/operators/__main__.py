"""`python -m shared.platform.operators VERB ...`: the operators' commands; exit code 2 for a wrong use."""

import argparse
import asyncio
import sys
from types import ModuleType

from shared.platform.operators import archive

VERBS: dict[str, ModuleType] = {"archive": archive}


def main(words: list[str]) -> int:
    """Run one verb."""
    parser = argparse.ArgumentParser(prog="python -m shared.platform.operators")
    verbs = parser.add_subparsers(dest="verb", required=True)
    for name, verb in VERBS.items():
        verb.arguments(verbs.add_parser(name, help=verb.HELP, description=verb.HELP))
    given = parser.parse_args(words)
    code: int = asyncio.run(VERBS[given.verb].run(given))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
