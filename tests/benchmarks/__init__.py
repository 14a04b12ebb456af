"""Measures: each bench states its limit in the same run, on the same machine."""
