"""The figures a service shows to its operators, all prefixed `tremplin_`."""

from prometheus_client import Counter, Gauge, Histogram

REQUEST_SECONDS = Histogram(
    "tremplin_http_request_duration_seconds", "Time to answer.", ("method", "route", "status")
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
    "tremplin_intake_unreadable_total", "Messages without source and number.", ("listener", "source")
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
