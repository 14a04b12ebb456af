"""First tables: exchange, facts with their history, cubes."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.platform.exchange.schema import create_v1, drop_v1

revision = "20261123_0001"
down_revision = None
branch_labels = None
depends_on = None

S = "indicators"
INSTANT = sa.DateTime(timezone=True)
AUDIENCES = ("women", "low_qualified", "jobseeker", "neet", "qpv")
ENDS = ("completed", "abandoned", "transferred", "interrupted")
SITUATIONS = tuple(f"{kind}_{letter}{k}" for k in (3, 6) for kind in ENDS[:2] for letter in "esuoz")
JOBS = tuple(f"{job}_{k}" for k in (3, 6) for job in ("non_precarious", "entrepreneurship", "temp_agency"))
MEASURES = ("entered", "exited", *ENDS, *SITUATIONS, *JOBS)


def upgrade() -> None:
    create_v1(S)
    for name, key, columns in (
        ("enrolment", "enrolment_id", _enrolment),
        ("training", "training_id", _training),
        ("label", "label_id", _label),
    ):
        _fact_and_history(name, key=key, columns=columns)
    for table in ("enrolment_fact", "label_fact", "enrolment_history"):
        op.create_index(f"ix_{table}_training_id", table, ["training_id"], schema=S)
    for table in ("training_fact", "label_fact"):
        op.create_index(f"ix_{table}_holder", table, ["holder"], schema=S)
    op.create_index("ix_enrolment_fact_learner_id", "enrolment_fact", ["learner_id"], schema=S)
    op.execute(f"ALTER TABLE {S}.enrolment_fact SET (fillfactor = 80)")
    _targets()
    _cubes()
    # History is written once; only the intake writes facts and cubes.
    for name in ("enrolment", "training", "label"):
        op.execute(f"REVOKE UPDATE, DELETE ON {S}.{name}_history FROM {S}_api, {S}_worker")
        op.execute(f"REVOKE INSERT, UPDATE, DELETE ON {S}.{name}_fact, {S}.{name}_history FROM {S}_api")
    op.execute(f"REVOKE INSERT, UPDATE, DELETE ON {S}.target_fact, {S}.cube, {S}.head_cube FROM {S}_api")


def downgrade() -> None:
    for name in ("head_cube", "cube", "target_fact"):
        op.drop_table(name, schema=S)
    for name in ("label", "training", "enrolment"):
        op.drop_table(f"{name}_history", schema=S)
        op.drop_table(f"{name}_fact", schema=S)
    drop_v1(S)


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text) for name in names]


def _version(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger, nullable=False, server_default=sa.text("0"))


def _enrolment() -> list[sa.Column[Any]]:
    waves = [
        column
        for k in (3, 6)
        for column in (
            *_texts(f"situation_{k}", f"outcome_{k}", f"job_class_{k}", f"source_{k}"),
            sa.Column(f"durable_{k}", sa.Boolean),
        )
    ]
    return [
        sa.Column("learner_id", sa.Uuid),
        sa.Column("holder", sa.Text),
        sa.Column("training_id", sa.Uuid),
        sa.Column("coverage", sa.Text),
        sa.Column("entered_on", sa.Date),
        sa.Column("planned_end_on", sa.Date),
        sa.Column("status", sa.Text),
        sa.Column("ended_on", sa.Date),
        *_texts(*AUDIENCES, "residence_region", "site_region"),
        _version("enrolment_version"),
        *waves,
        sa.Column("mapping", sa.Text),
        _version("followup_version"),
    ]


def _training() -> list[sa.Column[Any]]:
    jsonb = postgresql.JSONB(none_as_null=True)
    return [
        *_texts("holder", "reference", "title", "trade_family", "skill_group"),
        *_texts("certification_kind", "register_entry"),
        sa.Column("level", sa.SmallInteger),
        sa.Column("months", sa.Integer),
        sa.Column("hours_inperson", sa.Integer),
        sa.Column("hours_online", sa.Integer),
        sa.Column("approaches", jsonb),
        sa.Column("support", jsonb),
        sa.Column("innovative", sa.Boolean),
        sa.Column("free_of_charge", sa.Boolean),
        sa.Column("followup_six_months", sa.Boolean),
        sa.Column("need_kinds", jsonb),
        *_texts("siret", "code_insee", "region"),
        _version("training_version"),
    ]


def _label() -> list[sa.Column[Any]]:
    return [
        sa.Column("training_id", sa.Uuid, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("decided_on", sa.Date, nullable=False),
        sa.Column("valid_from", sa.Date, nullable=False),
        sa.Column("valid_until", sa.Date, nullable=False),
        sa.Column("suspensions", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("revoked_on", sa.Date),
        sa.Column("renews", sa.Uuid),
        _version("label_version"),
    ]


def _fact_and_history(name: str, *, key: str, columns: Callable[[], list[sa.Column[Any]]]) -> None:
    op.create_table(
        f"{name}_fact",
        sa.Column(key, sa.Uuid, nullable=False),
        *columns(),
        sa.Column("known_from", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint(key, name=f"pk_{name}_fact"),
        schema=S,
    )
    op.create_table(
        f"{name}_history",
        sa.Column(key, sa.Uuid, nullable=False),
        *columns(),
        sa.Column("known_from", INSTANT, nullable=False),
        sa.Column("known_to", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint(key, "known_from", name=f"pk_{name}_history"),
        schema=S,
    )


def _targets() -> None:
    op.create_table(
        "target_fact",
        sa.Column("target_id", sa.Text, nullable=False),
        sa.Column("indicator", sa.Text, nullable=False),
        sa.Column("value", sa.BigInteger, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("label_fr", sa.Text, nullable=False),
        sa.Column("label_en", sa.Text, nullable=False),
        _version("target_version"),
        sa.PrimaryKeyConstraint("target_id", name="pk_target_fact"),
        schema=S,
    )


def _cubes() -> None:
    op.create_table(
        "cube",
        *(sa.Column(name, sa.Text, nullable=False) for name in ("level", "place", "flag", "clock")),
        sa.Column("day", sa.Date, nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False, server_default=sa.text("0")) for name in MEASURES),
        sa.PrimaryKeyConstraint("level", "place", "flag", "clock", "day", name="pk_cube"),
        sa.CheckConstraint("level IN ('nation', 'region', 'training')", name=op.f("ck_cube_level")),
        sa.CheckConstraint("clock IN ('entry', 'exit')", name=op.f("ck_cube_clock")),
        schema=S,
        postgresql_with={"fillfactor": 80},
    )
    op.create_table(
        "head_cube",
        *(sa.Column(name, sa.Text, nullable=False) for name in ("level", "place")),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("heads", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("level", "place", "day", name="pk_head_cube"),
        sa.CheckConstraint(
            "level IN ('nation', 'region', 'training', 'holder')", name=op.f("ck_head_cube_level")
        ),
        schema=S,
        postgresql_with={"fillfactor": 80},
    )
