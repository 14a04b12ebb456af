"""Brings the schemas of the named services to their newest revision: `python -m shared.platform.migrate NAME ...`."""

import os
import sys

from alembic import command

from shared.platform.migrations import config_of
from shared.platform.topology import SPEAKERS


def main(services: list[str]) -> int:
    """Upgrade each service with the owner's address from `<SERVICE>_MIGRATION_DATABASE_URL`."""
    unknown = [name for name in services if name not in SPEAKERS]
    if unknown or not services:
        sys.stderr.write(f"usage: python -m shared.platform.migrate {{{'|'.join(SPEAKERS)}}} ...\n")
        return 2
    for service in services:
        url = os.environ.get(f"{service.upper()}_MIGRATION_DATABASE_URL")
        if not url:
            sys.stderr.write(f"{service.upper()}_MIGRATION_DATABASE_URL is not set\n")
            return 2
        command.upgrade(config_of(service, url=url), "head")
        sys.stdout.write(f"{service}: schema at head\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
