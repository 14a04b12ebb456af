"""Rows and domain values: code lists, follow-ups, observations, lots."""
