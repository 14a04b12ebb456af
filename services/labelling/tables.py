"""The tables of the schema `labelling`."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.platform.edge.tables import edge_tables
from shared.platform.exchange.tables import exchange_tables, service_metadata

metadata = service_metadata("labelling")
EXCHANGE = exchange_tables(metadata)
edge_tables(metadata)

_LIST = JSONB(none_as_null=True)

ORGANISATION = Table(
    "organisation",
    metadata,
    Column("siren", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("legal_status", Text, nullable=False),
    Column("ceased_on", Date),
    Column("version", BigInteger, nullable=False),
    CheckConstraint("legal_status IN ('association', 'private', 'public')", name="legal_status"),
)

SITE = Table(
    "site",
    metadata,
    Column("siret", Text, primary_key=True),
    Column("siren", Text, ForeignKey(ORGANISATION.c.siren), nullable=False),
    Column("name", Text, nullable=False),
    Column("code_insee", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("open_from", Date, nullable=False),
    Column("open_until", Date),
    Index(None, "siren"),
)

MANDATE = Table(
    "mandate",
    metadata,
    Column("mandate_id", Uuid, primary_key=True),
    Column("holder", Text, ForeignKey(ORGANISATION.c.siren), nullable=False),
    Column("reference", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date, nullable=False),
    Column("revoked_on", Date),
    Column("version", BigInteger, nullable=False),
    Index(None, "holder", "reference", unique=True),
    Index(None, "client_id"),
)

CALL = Table(
    "call",
    metadata,
    Column("reference", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("scheme", Text, nullable=False),
    Column("opens_on", Date, nullable=False),
    Column("label_months", Integer, nullable=False),
    Column("criteria_set", Text, nullable=False),
    Column("intakes", _LIST, nullable=False),
    Column("closed_to_new_labels_on", Date),
    Column("closed_to_new_sessions_on", Date),
    Column("version", BigInteger, nullable=False),
)

APPLICATION = Table(
    "application",
    metadata,
    Column("siren", Text, ForeignKey(ORGANISATION.c.siren), primary_key=True),
    Column("reference", Text, primary_key=True),
    Column("call", Text, ForeignKey(CALL.c.reference), nullable=False),
    Column("siret", Text, ForeignKey(SITE.c.siret)),
    Column("content", _LIST, nullable=False),
    Column("state", Text, nullable=False),
    Column("criteria_set", Text),
    Column("findings", _LIST, nullable=False),
    Column("intake", Text),
    Column("submitted_on", Date),
    Column("withdrawn_on", Date),
    Column("version", BigInteger, nullable=False),
    CheckConstraint(
        "state IN ('draft', 'submitted', 'inadmissible', 'in_review', 'assessed',"
        " 'granted', 'refused', 'withdrawn')",
        name="state",
    ),
    Index(None, "call", "state"),
)

# Insert-only: the runtime roles may not change or delete a decision.
DECISION = Table(
    "decision",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("reference", Text, nullable=False, unique=True),
    Column("siren", Text, nullable=False),
    Column("application", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("decided_on", Date, nullable=False),
    Column("committee", Text, nullable=False),
    Column("reasons", _LIST, nullable=False),
    Column("criteria_set", Text),
    Column("content_digest", Text, nullable=False),
    Column("previous_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    ForeignKeyConstraint(["siren", "application"], [APPLICATION.c.siren, APPLICATION.c.reference]),
    CheckConstraint("outcome IN ('granted', 'refused')", name="outcome"),
    Index(None, "siren", "application", unique=True),
)

DECISION_HEAD = Table(
    "decision_head",
    metadata,
    Column("single", Boolean, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
    CheckConstraint("single", name="single"),
)

TRAINING = Table(
    "training",
    metadata,
    Column("training_id", Uuid, primary_key=True),
    Column("siren", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("siret", Text),
    Column("code_insee", Text),
    Column("region", Text),
    Column("certification_kind", Text, nullable=False),
    Column("content", _LIST, nullable=False),
    Column("version", BigInteger, nullable=False),
    ForeignKeyConstraint(["siren", "reference"], [APPLICATION.c.siren, APPLICATION.c.reference]),
    Index(None, "siren", "reference", unique=True),
    Index(None, "region"),
)

LABEL = Table(
    "label",
    metadata,
    Column("label_id", Uuid, primary_key=True),
    Column("training_id", Uuid, ForeignKey(TRAINING.c.training_id), nullable=False, unique=True),
    Column("siren", Text, nullable=False),
    Column("training_reference", Text, nullable=False),
    Column("decided_on", Date, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_until", Date, nullable=False),
    Column("suspensions", _LIST, nullable=False),
    Column("revoked_on", Date),
    Column("renews", Uuid),
    Column("version", BigInteger, nullable=False),
)

# Insert-only, like the decisions.
LABEL_CHANGE = Table(
    "label_change",
    metadata,
    Column("label_id", Uuid, ForeignKey(LABEL.c.label_id), primary_key=True),
    Column("reference", Text, primary_key=True),
    Column("place", SmallInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("reason", Text, nullable=False),
    CheckConstraint("kind IN ('suspended', 'reinstated', 'revoked')", name="kind"),
)

NETWORK = Table(
    "network",
    metadata,
    Column("reference", Text, primary_key=True),
    Column("network_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
)

NETWORK_MEMBER = Table(
    "network_member",
    metadata,
    Column("network", Text, ForeignKey(NETWORK.c.reference), primary_key=True),
    Column("training_id", Uuid, ForeignKey(TRAINING.c.training_id), primary_key=True),
    Column("since", Date, primary_key=True),
    Column("until", Date),
    Index(None, "training_id"),
)

BRIDGE = Table(
    "bridge",
    metadata,
    Column("reference", Text, primary_key=True),
    Column("bridge_id", Uuid, nullable=False),
    Column("from_training", Uuid, ForeignKey(TRAINING.c.training_id), nullable=False),
    Column("to_training", Uuid, ForeignKey(TRAINING.c.training_id), nullable=False),
    Column("kind", Text, nullable=False),
    Column("departement", Text, nullable=False),
    Column("conditions", Text, nullable=False),
    Column("open_from", Date, nullable=False),
    Column("open_until", Date),
    Column("zoning", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    CheckConstraint(
        "kind IN ('next_level', 'reorientation', 'remedial', 'redirect_on_revocation')", name="kind"
    ),
    Index(None, "from_training"),
)

TARGET = Table(
    "target",
    metadata,
    Column("reference", Text, primary_key=True),
    Column("indicator", Text, nullable=False),
    Column("value", BigInteger, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("label_fr", Text, nullable=False),
    Column("label_en", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    CheckConstraint("indicator IN ('trainings_labelled_cum', 'trained_or_in_training')", name="indicator"),
)
