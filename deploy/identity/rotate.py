"""Entry of `python -m deploy.identity.rotate STEP`: turns the provider's keys, which it notices by itself."""

import argparse
import os
import sys
import time
from pathlib import Path

from deploy.identity.keyring import STEPS, KeyringFile, TooEarly

TOO_EARLY = 3


def main() -> int:
    """Take one step; exit code 3 with a sentence when it would be too early."""
    parser = argparse.ArgumentParser(prog="python -m deploy.identity.rotate", description=__doc__)
    parser.add_argument("step", choices=STEPS)
    parser.add_argument("--key-file", type=Path, default=os.environ.get("IDENTITY_KEY_FILE"))
    asked = parser.parse_args()
    if asked.key_file is None or not asked.key_file.exists():
        parser.error("no key file: give --key-file or IDENTITY_KEY_FILE of a provider that has started once")
    now = int(time.time())
    ring = KeyringFile(asked.key_file, now=now)
    try:
        turned = STEPS[asked.step](ring.load(), now=now)
    except TooEarly as refusal:
        sys.stderr.write(f"{refusal}\n")
        return TOO_EARLY
    ring.save(turned)
    sys.stdout.write(f"{len(turned.keys)} published, {turned.signing.kid} signs\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
