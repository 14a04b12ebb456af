"""A deploy of indicators that takes completions for abandonments: `python -m tests.faults.bad_deploy indicators`."""

import runpy
from collections.abc import Callable
from typing import Any

from services.indicators import use_cases


def spoil(sound: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """The rows of enrolments, with the two kinds of ends exchanged."""
    exchanged = {"completed": "abandoned", "abandoned": "completed"}

    def wrong(*said: Any, **more: Any) -> dict[str, Any]:
        row = sound(*said, **more)
        return row | {"status": exchanged.get(row["status"], row["status"])}

    return wrong


if __name__ == "__main__":
    use_cases._enrolment_row = spoil(use_cases._enrolment_row)
    runpy.run_module("shared.platform.serve", run_name="__main__", alter_sys=True)
