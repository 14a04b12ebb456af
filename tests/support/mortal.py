"""Entry of `python -m tests.support.mortal N SERVICE`: the real service, which dies at once after its Nth commit."""

import os
import signal
import sys
from itertools import count
from unittest.mock import patch

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.platform import serve


def main(arguments: list[str]) -> int:
    """Serve, until the Nth transaction is durable and nobody has been told."""
    last, commits, really_commit = int(arguments[0]), count(1), AsyncConnection.commit

    async def commit_and_die(connection: AsyncConnection) -> None:
        await really_commit(connection)
        if next(commits) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    with patch.object(AsyncConnection, "commit", commit_and_die):
        return serve.main(arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
