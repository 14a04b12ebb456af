"""The rules of follow-up: values in, verdicts out, no clock, no database."""
