"""The rules of enrolment: coverage, entries, profiles, ends, certifications."""
