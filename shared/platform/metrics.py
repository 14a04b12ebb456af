"""The figures a service shows to its operators, all prefixed `tremplin_`."""

from prometheus_client import Counter, Gauge, Histogram

REQUEST_SECONDS = Histogram(
    "tremplin_http_request_duration_seconds", "Time to answer.", ("method", "route", "status")
)
PROBLEMS = Counter("tremplin_problems_total", "Calls refused or failed.", ("code", "route"))
AUTH_FAILURES = Counter(
    "tremplin_auth_failures_total", "Callers not recognised or lacking a scope.", ("reason",)
)
PUBLISHED = Counter("tremplin_relay_published_total", "Events handed to the broker.", ("service",))
PUBLISH_FAILURES = Counter("tremplin_relay_failures_total", "Publications to be repeated.", ("service",))
RELAY_HALTED = Gauge("tremplin_relay_halted", "1 while nothing may be published.", ("service",))
BROKER_REFUSALS = Counter(
    "tremplin_broker_rights_refused_total", "Rights refused by the broker.", ("service",)
)
APPLIED = Counter("tremplin_intake_applied_total", "Events applied.", ("listener", "source"))
DISCARDED = Counter("tremplin_intake_discarded_total", "Events seen before.", ("listener", "source"))
PARKED = Counter("tremplin_intake_parked_total", "Events set aside.", ("listener", "source", "reason"))
UNREADABLE = Counter(
    "tremplin_intake_unreadable_total",
    "Messages that are no event of their source.",
    ("listener", "source", "reason"),
)
REPAIRED = Counter(
    "tremplin_intake_repaired_total", "Events fetched from the speaker's feed.", ("listener", "source")
)
EVENT_AGE = Histogram(
    "tremplin_event_age_seconds",
    "From the commit at the speaker to the commit at the listener.",
    ("listener", "source"),
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300),
)
WATERMARK_AGE = Gauge(
    "tremplin_watermark_age_seconds", "Since the source was last heard.", ("listener", "source")
)
INTAKE_HALTED = Gauge(
    "tremplin_intake_halted",
    "1 while a source is not followed until a person decides.",
    ("listener", "source"),
)
REDRIVEN = Counter(
    "tremplin_intake_redriven_total", "Parked events driven again.", ("listener", "source", "outcome")
)
RELAY_UNPUBLISHED = Gauge(
    "tremplin_relay_unpublished_events", "Events of the log that are not published yet.", ("service",)
)
RELAY_OLDEST = Gauge("tremplin_relay_oldest_unpublished_seconds", "Age of the oldest of them.", ("service",))
RELAY_PROGRESS = Gauge("tremplin_relay_last_progress_seconds", "Since something was published.", ("service",))
RELAY_LEASES = Gauge("tremplin_relay_leases", "Partitions that some replica publishes, of 16.", ("service",))
RELAY_STATE = Gauge("tremplin_relay_state", "1 for the state the relay is in.", ("service", "state"))
BROKER_CONNECTED = Gauge("tremplin_broker_connected", "1 while this process has a connection.", ("service",))
BEHIND = Gauge("tremplin_intake_behind_events", "Events announced and not applied.", ("listener", "source"))
OLDEST_UNAPPLIED = Gauge(
    "tremplin_intake_oldest_unapplied_seconds", "Age of the oldest of them.", ("listener", "source")
)
INTAKE_PROGRESS = Gauge(
    "tremplin_intake_last_progress_seconds", "Since a position moved.", ("listener", "source")
)
INTAKE_LEASES = Gauge(
    "tremplin_intake_leases", "Durables that some replica pulls from, of 4.", ("listener", "source")
)
INTAKE_STATE = Gauge(
    "tremplin_intake_state", "1 for the state the source is in.", ("listener", "source", "state")
)
PARKED_NOW = Gauge("tremplin_intake_parked_events", "Events set aside now.", ("listener", "source"))
OLDEST_PARKED = Gauge(
    "tremplin_intake_oldest_parked_seconds", "Since the first of them was set aside.", ("listener", "source")
)
LOG_BYTES = Gauge("tremplin_log_bytes", "Size of the log on the disk.", ("service",))
OVERSIZE = Counter("tremplin_log_oversize_total", "Facts refused for their size.", ("service",))
SAMPLED_AT = Gauge(
    "tremplin_exchange_sampled_timestamp_seconds",
    "When the gauges of the exchange were last set.",
    ("service",),
)
SAMPLES_FAILED = Counter("tremplin_exchange_samples_failed_total", "Times they could not be.", ("service",))
AUDIT_MISMATCHES = Gauge(
    "tremplin_audit_mismatch_hours",
    "Hours of partitions, closed and passed, in which applied and logged events differ.",
    ("listener", "source"),
)
AUDITED = Gauge(
    "tremplin_audit_completed_timestamp_seconds",
    "When what was applied was last compared with what was logged.",
    ("listener", "source"),
)
IMPORT_ROWS = Counter(
    "tremplin_import_rows_total", "Lines of imports that were worked off, dry runs apart.", ("kind", "result")
)
IMPORT_AGE = Gauge(
    "tremplin_import_age_seconds", "Since the oldest import of a state was opened.", ("service", "state")
)
FORGOTTEN = Counter("tremplin_retention_rows_total", "Rows forgotten by age.", ("service", "table"))
FORGOTTEN_AT = Gauge(
    "tremplin_retention_completed_timestamp_seconds", "When that was last done.", ("service", "table")
)
LOG_UNPLANNED = Gauge(
    "tremplin_log_unplanned_events", "Events of the log whose day has no table of its own.", ("service",)
)
LOG_KEEPING_FAILED = Gauge(
    "tremplin_log_keeping_failed", "1 while planning or archiving days of the log fails.", ("service",)
)
ARCHIVED = Counter("tremplin_archive_events_total", "Events exported and verified.", ("service",))
ARCHIVE_REFUSALS = Counter(
    "tremplin_archive_refusals_total", "Days not exported or not dropped.", ("service", "reason")
)
