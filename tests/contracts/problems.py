"""The catalogue of refusals as a page of the documentation."""

import importlib
import pkgutil
from collections.abc import Iterator

from shared.platform.edge.registry import Explanation, explanations
from shared.platform.topology import SPEAKERS

_RETRY = {"as_is": "as it is, later", "changed": "once changed", "never": "no"}
_HEAD = """# Refusals

Every refusal is a problem (RFC 9457): `code`, the pointers of the fields in question, what was expected, never the
rejected value. `type` is the address of its page at the service, `/problems/{code}`, in French and in English by
`Accept-Language`, as a page or as JSON by `Accept`. This page is written by `make openapi` from
`shared/platform/edge/problems.yaml` and each service's `data/problems.yaml`.
"""


def load_everything() -> None:
    """Import every module of the house: a rule is known once its module is loaded."""
    for package in ("shared.kernel", "shared.platform", *(f"services.{name}" for name in SPEAKERS)):
        for name in _modules(package):
            importlib.import_module(name)


def _modules(package: str) -> Iterator[str]:
    root = importlib.import_module(package)
    for found in pkgutil.walk_packages(root.__path__, f"{package}."):
        if ".migrations" not in found.name and not found.name.endswith("__main__"):
            yield found.name


def page() -> str:
    """The page, the platform's codes first, then those of each service."""
    load_everything()
    by_service = {service: explanations(service) for service in SPEAKERS}
    common = set.intersection(*(set(found) for found in by_service.values()))
    parts = [_HEAD, "## Every service\n", _table([by_service[SPEAKERS[0]][code] for code in sorted(common)])]
    for service in SPEAKERS:
        own = [found for code, found in by_service[service].items() if code not in common]
        if own:
            parts += [f"## {service.capitalize()}\n", _table(own)]
    return "\n".join(parts)


def _table(found: list[Explanation]) -> str:
    rows = [
        f"| `{one.code}` | {one.title['en']} | {one.cause['en']} | {one.fix['en']} | {_RETRY[one.retry]} |"
        for one in found
    ]
    return (
        "\n".join(("| Code | Title | Cause | What to do | Send again |", "|---|---|---|---|---|", *rows))
        + "\n"
    )
