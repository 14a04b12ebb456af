"""The additive counts of a cell, by name; rates are derived from them and never stored."""

from typing import Final

WAVES: Final = (3, 6)
EXIT_KINDS: Final = ("completed", "abandoned")
ENDS: Final = ("completed", "abandoned", "transferred", "interrupted")

SITUATIONS: Final = {
    "e": "employed",
    "s": "further_training",
    "u": "unemployed",
    "o": "other",
    "z": "excluded",
}
"""Letters of the partition of a matured cohort; `q`, no valid answer, is what remains and is never stored."""

JOB_CLASSES: Final = ("non_precarious", "entrepreneurship", "temp_agency")
AUDIENCES: Final = ("women", "low_qualified", "jobseeker", "neet", "qpv")

EVERYONE: Final = "all"
"""The flag of the cells that count everybody."""


def situation_measure(kind: str, *, letter: str, wave: int) -> str:
    """Name of the count of one situation at one wave among one kind of exits, e.g. `completed_e6`."""
    return f"{kind}_{letter}{wave}"


def job_measure(job_class: str, *, wave: int) -> str:
    """Name of the count of one class of jobs at one wave among completers, e.g. `temp_agency_6`."""
    return f"{job_class}_{wave}"


FLOWS: Final = ("entered", "exited", *ENDS)
"""`exited` counts every exit day: a declared end, or the day on which an undeclared one is given up."""

MEASURES: Final = (
    *FLOWS,
    *(
        situation_measure(kind, letter=letter, wave=wave)
        for wave in WAVES
        for kind in EXIT_KINDS
        for letter in SITUATIONS
    ),
    *(job_measure(job_class, wave=wave) for wave in WAVES for job_class in JOB_CLASSES),
)
