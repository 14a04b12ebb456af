"""Runs one service: `python -m shared.platform.serve NAME`, settings from `<NAME>_*`."""

import gc
import importlib
import sys

import uvicorn

from shared.platform import logs
from shared.platform.topology import SPEAKERS


def main(arguments: list[str]) -> int:
    """Serve until SIGTERM. Exit code 2 for an unknown name."""
    if len(arguments) != 1 or arguments[0] not in SPEAKERS:
        sys.stderr.write(f"usage: python -m shared.platform.serve {{{'|'.join(SPEAKERS)}}}\n")
        return 2
    # By name and not by import: shared knows no service, and an image holds only one.
    settings_module = importlib.import_module(f"services.{arguments[0]}.settings")
    main_module = importlib.import_module(f"services.{arguments[0]}.main")
    settings = settings_module.Settings()
    app = main_module.create_app(settings)
    logs.settle()
    # What is alive now stays: collecting it again and again costs a third of the speed.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=True,
        timeout_graceful_shutdown=10,
        timeout_keep_alive=30,
        # The last wall, without a word: MAX_CALLS refuses long before it, with a problem.
        limit_concurrency=2000,
        lifespan="on",
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
