"""The pipes: HTTP edge, tokens, database, event log, relay, intake, problems, health."""
