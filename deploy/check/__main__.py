"""Runs every check of deploy/, one line each: `python -m deploy.check`; `--write` renews generated files."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from deploy.check import compose, generated, image, proxy, tools, variables

ROOT = Path(__file__).resolve().parents[2]

Check = Callable[[Path], list[str]]

CHECKS: dict[str, Check] = {
    "compose follows its specification": tools.compose_specification,
    "the Dockerfile passes hadolint": tools.dockerfile_lint,
    "the image holds one service and shared": image.contents,
    "the image runs unprivileged and stops when told": image.runtime,
    "locks carry hashes and no address": image.locks,
    "servers have a health check": compose.health,
    "one-shots are awaited to their end": compose.waiting,
    "containers are read-only and unprivileged": compose.hardening,
    "only the proxy is reachable": compose.publication,
    "paths that compose names exist": compose.paths,
    "images have a version": compose.images,
    "variables of compose are documented": variables.documented,
    "default secrets are marked": variables.marked,
    "production is guarded against default secrets": variables.guarded,
    "examples name real settings": variables.settings_named,
    "the proxy sets its headers in one place": proxy.headers_in_one_place,
    "the broker knows the development keys": variables.broker_keys,
    "generated files are up to date": generated.up_to_date,
    "audiences follow from scopes": generated.audiences,
}

TRIAL = "the proxy passes, caps and hides what it should"
"""Needs nginx, which no Python package brings."""


def chosen() -> dict[str, Check]:
    """All checks that this machine can make; what it cannot is said and not counted."""
    if proxy.can_run():
        return CHECKS | {TRIAL: proxy.behaviour}
    print(f"--    not checked, nginx is not installed here: {TRIAL}")
    return CHECKS


def run(root: Path, *, checks: dict[str, Check]) -> int:
    """Run them. Exit code 1 when one fails."""
    failed = 0
    for name, check in checks.items():
        faults = check(root)
        print(f"{'FAIL' if faults else 'ok'}  {name}")
        for fault in faults:
            print(f"      {fault}")
        failed += bool(faults)
    if failed:
        print(f"check-deploy: {failed} of {len(checks)} checks failed")
        return 1
    print(f"check-deploy: {len(checks)} checks passed")
    return 0


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m deploy.check", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the generated files again first")
    if parser.parse_args().write:
        generated.write(ROOT)
    return run(ROOT, checks=chosen())


if __name__ == "__main__":
    sys.exit(main())
