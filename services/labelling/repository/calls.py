"""Calls with their intakes."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import date

from sqlalchemy import ARRAY, RowMapping, Text, any_, bindparam, select

from services.labelling.domain.calls import Call, Intake
from services.labelling.tables import CALL
from shared.platform.database import Transaction
from shared.platform.rows import upsert_rows


async def load_calls(tx: Transaction, references: Collection[str]) -> dict[str, Call]:
    """Calls by reference."""
    wanted = bindparam("references", sorted(references), type_=ARRAY(Text))
    rows = (await tx.execute(select(CALL).where(CALL.c.reference == any_(wanted)))).mappings()
    return {row["reference"]: call_of(row) for row in rows}


async def save_call(tx: Transaction, call: Call) -> None:
    """Write a call."""
    row = {**vars(call), "intakes": [_intake_row(intake) for intake in call.intakes]}
    await tx.execute(upsert_rows(CALL, [row], key=["reference"]))


def call_of(row: RowMapping) -> Call:
    """The call of a row."""
    intakes = tuple(
        Intake(held["reference"], date.fromisoformat(held["opens_on"]), date.fromisoformat(held["closes_on"]))
        for held in row["intakes"]
    )
    return Call(**{**row, "intakes": intakes})


def _intake_row(intake: Intake) -> dict[str, str]:
    return {name: str(value) for name, value in asdict(intake).items()}
