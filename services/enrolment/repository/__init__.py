"""Rows and domain values, both ways: labels, sessions, learners, enrolments, certifications."""
