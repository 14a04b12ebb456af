"""Tables of the schema `indicators`: facts as they stand, facts as they stood, cubes of counts.

A fact row holds its present state and since when it is known (`known_from`); the state it replaces goes to the
history table of the same columns, closed at `known_to`. What was known at an instant is read from both.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.indicators.domain.measures import AUDIENCES, MEASURES, WAVES
from shared.platform.edge.tables import edge_tables
from shared.platform.exchange.tables import exchange_tables, service_metadata
from shared.platform.mandates.tables import mandate_table

metadata = service_metadata("indicators")
EXCHANGE = exchange_tables(metadata)
edge_tables(metadata)
mandate_table(metadata)


def _instant(name: str) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=False)


def _version(name: str) -> Column[Any]:
    """The version heard from one speaker; zero before the first."""
    return Column(name, BigInteger, nullable=False, server_default=text("0"))


def _enrolment_columns() -> list[Column[Any]]:
    """What enrolment said is null until it spoke, what followup said likewise: either may come first."""
    said_by_enrolment = [
        Column("learner_id", Uuid),
        Column("holder", Text),
        Column("training_id", Uuid),
        Column("coverage", Text),
        Column("entered_on", Date),
        Column("planned_end_on", Date),
        Column("status", Text),
        Column("ended_on", Date),
        *(Column(audience, Text) for audience in AUDIENCES),
        Column("residence_region", Text),
        # Region of the training's site, kept here so that a cell depends on one row only.
        Column("site_region", Text),
        _version("enrolment_version"),
    ]
    said_by_followup = [
        column
        for wave in WAVES
        for column in (
            Column(f"situation_{wave}", Text),
            Column(f"outcome_{wave}", Text),
            Column(f"job_class_{wave}", Text),
            Column(f"source_{wave}", Text),
            Column(f"durable_{wave}", Boolean),
        )
    ]
    return [*said_by_enrolment, *said_by_followup, Column("mapping", Text), _version("followup_version")]


def _training_columns() -> list[Column[Any]]:
    texts = (
        "holder",
        "reference",
        "title",
        "trade_family",
        "skill_group",
        "certification_kind",
        "register_entry",
    )
    return [
        *(Column(name, Text) for name in texts),
        Column("level", SmallInteger),
        Column("months", Integer),
        Column("hours_inperson", Integer),
        Column("hours_online", Integer),
        Column("approaches", JSONB(none_as_null=True)),
        Column("support", JSONB(none_as_null=True)),
        Column("innovative", Boolean),
        Column("free_of_charge", Boolean),
        Column("followup_six_months", Boolean),
        Column("need_kinds", JSONB(none_as_null=True)),
        Column("siret", Text),
        Column("code_insee", Text),
        Column("region", Text),
        _version("training_version"),
    ]


def _label_columns() -> list[Column[Any]]:
    return [
        Column("training_id", Uuid, nullable=False),
        Column("holder", Text, nullable=False),
        Column("decided_on", Date, nullable=False),
        Column("valid_from", Date, nullable=False),
        Column("valid_until", Date, nullable=False),
        Column("suspensions", JSONB(none_as_null=True), nullable=False),
        Column("revoked_on", Date),
        Column("renews", Uuid),
        _version("label_version"),
    ]


enrolment_fact = Table(
    "enrolment_fact",
    metadata,
    Column("enrolment_id", Uuid, primary_key=True),
    *_enrolment_columns(),
    _instant("known_from"),
    Index(None, "learner_id"),
    Index(None, "training_id"),
    # Most rows are rewritten two or three times: room on the page keeps the new version there.
    postgresql_with={"fillfactor": 80},
)
enrolment_history = Table(
    "enrolment_history",
    metadata,
    Column("enrolment_id", Uuid, primary_key=True),
    *_enrolment_columns(),
    Column("known_from", DateTime(timezone=True), primary_key=True),
    _instant("known_to"),
    Index(None, "training_id"),
)
training_fact = Table(
    "training_fact",
    metadata,
    Column("training_id", Uuid, primary_key=True),
    *_training_columns(),
    _instant("known_from"),
    Index(None, "holder"),
)
training_history = Table(
    "training_history",
    metadata,
    Column("training_id", Uuid, primary_key=True),
    *_training_columns(),
    Column("known_from", DateTime(timezone=True), primary_key=True),
    _instant("known_to"),
)
label_fact = Table(
    "label_fact",
    metadata,
    Column("label_id", Uuid, primary_key=True),
    *_label_columns(),
    _instant("known_from"),
    Index(None, "training_id"),
    Index(None, "holder"),
)
label_history = Table(
    "label_history",
    metadata,
    Column("label_id", Uuid, primary_key=True),
    *_label_columns(),
    Column("known_from", DateTime(timezone=True), primary_key=True),
    _instant("known_to"),
)
target_fact = Table(
    "target_fact",
    metadata,
    Column("target_id", Text, primary_key=True),
    Column("indicator", Text, nullable=False),
    Column("value", BigInteger, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("label_fr", Text, nullable=False),
    Column("label_en", Text, nullable=False),
    _version("target_version"),
)

cube = Table(
    "cube",
    metadata,
    Column("level", Text, primary_key=True),
    Column("place", Text, primary_key=True),
    Column("flag", Text, primary_key=True),
    Column("clock", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    *(Column(measure, Integer, nullable=False, server_default=text("0")) for measure in MEASURES),
    CheckConstraint("level IN ('nation', 'region', 'training')", name="level"),
    CheckConstraint("clock IN ('entry', 'exit')", name="clock"),
    postgresql_with={"fillfactor": 80},
)
head_cube = Table(
    "head_cube",
    metadata,
    Column("level", Text, primary_key=True),
    Column("place", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("heads", Integer, nullable=False),
    CheckConstraint("level IN ('nation', 'region', 'training', 'holder')", name="level"),
    postgresql_with={"fillfactor": 80},
)
