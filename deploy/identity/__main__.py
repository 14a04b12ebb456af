"""Entry of `python -m deploy.identity`."""

import os
import sys

import uvicorn

from deploy.identity.app import create_app
from deploy.identity.settings import Refused, settings_from

REFUSED = 2


def main() -> int:
    """Serve until SIGTERM. No access log: a request line may carry what should not be kept."""
    try:
        settings = settings_from(os.environ)
    except Refused as refusal:
        sys.stderr.write(f"{refusal}\n")
        return REFUSED
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
