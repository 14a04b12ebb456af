"""The code lists in force, read once from the versioned data files."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from services.followup.domain.contracts import Nature, Natures
from services.followup.domain.outcomes import Durability, JobClass, Outcome, OutcomeList, Situation
from services.followup.domain.statements import Codes

_DATA = Path(__file__).resolve().parents[1] / "data"


@cache
def codes_in_force() -> Codes:
    """Outcome list and contract natures, in the versions that new situations are settled by."""
    return Codes(outcomes=outcome_list("outcomes-1"), natures=natures("natures-1"))


def outcome_list(version: str) -> OutcomeList:
    """A version of the outcome list."""
    content = _read(version)
    outcomes = (_outcome(code, entry) for code, entry in content["outcomes"].items())
    return OutcomeList(content["version"], {outcome.code: outcome for outcome in outcomes})


def natures(version: str) -> Natures:
    """A version of the mapping from contract natures to outcomes."""
    content = _read(version)
    by_code = {
        code: Nature(entry["outcome"], Durability(entry["durable"]))
        for code, entry in content["natures"].items()
    }
    return Natures(content["version"], by_code)


def _read(version: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((_DATA / f"{version}.yaml").read_text(encoding="utf-8"))
    return content


def _outcome(code: str, entry: dict[str, Any]) -> Outcome:
    return Outcome(
        code=code,
        situation=Situation(entry["situation"]) if "situation" in entry else None,
        job_class=JobClass(entry["job_class"]) if "job_class" in entry else None,
        positive=entry["positive"],
        durability=Durability(entry["durable"]) if "durable" in entry else None,
    )
