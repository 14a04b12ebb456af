"""Entry of `python -m deploy.local VERB`; an interpreter that is too old is told so before anything else."""

import sys

OLDEST = (3, 11)
REFUSED = 2

if sys.version_info < OLDEST:
    sys.stderr.write(
        "Tremplin needs Python {}.{} or newer and this is {}.{}.\n".format(*OLDEST, *sys.version_info[:2])
    )
    sys.exit(REFUSED)

try:
    from deploy.local.cli import main
except ModuleNotFoundError as missing:
    sys.stderr.write(
        f"The module {missing.name} is missing: use `make`, which installs it, or the Python of .venv.\n"
    )
    sys.exit(REFUSED)

main()
