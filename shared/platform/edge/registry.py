"""What each code of a refusal means and what to do about it: the texts behind `/problems/{code}`."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from shared.kernel.errors import Rule

Retry = Literal["as_is", "changed", "never"]
_HERE = Path(__file__).resolve()
_PLATFORM = _HERE.with_name("problems.yaml")
_SERVICES = _HERE.parents[3] / "services"


@dataclass(frozen=True)
class Explanation:
    """One code: its title as the rule has it, its cause, what to do, and whether the same call may be sent again."""

    code: str
    title: Mapping[str, str]
    cause: Mapping[str, str]
    fix: Mapping[str, str]
    retry: Retry


@cache
def explanations(service: str) -> dict[str, Explanation]:
    """Every code that a service answers with, in alphabetical order. Raises ValueError on a text that is missing."""
    titles = {rule.code: rule for rule in rules_of(service)}
    found = {}
    for code, words in sorted(_words(service).items()):
        if code in titles:
            found[code] = _explanation(titles[code], words)
    return found


def rules_of(service: str) -> set[Rule]:
    """The rules in the loaded modules of the house and of one service: no other can be pronounced."""
    rooms = ("shared.", f"services.{service}.")
    return {
        value
        for name, module in list(sys.modules.items())
        if name.startswith(rooms)
        for value in vars(module).values()
        if isinstance(value, Rule)
    }


def _words(service: str) -> dict[str, Any]:
    files = (_PLATFORM, _SERVICES / service / "data" / "problems.yaml")
    return {
        code: words
        for file in files
        for code, words in yaml.safe_load(file.read_text(encoding="utf-8")).items()
    }


def _explanation(rule: Rule, words: Mapping[str, Any]) -> Explanation:
    whole = all(words.get(part, {}).get(language) for part in ("cause", "fix") for language in ("fr", "en"))
    if not whole or words.get("retry") not in get_args(Retry):
        message = f"{rule.code}: cause and fix in fr and en, and retry of {get_args(Retry)}"
        raise ValueError(message)
    return Explanation(
        rule.code, {"fr": rule.fr, "en": rule.en}, words["cause"], words["fix"], words["retry"]
    )
