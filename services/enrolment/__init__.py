"""Enrolment: who follows which session, from entry to end.

Hears: labels, from labelling; followup is listened to without effect yet.
Says: sessions opened, changed, cancelled; enrolments entered, changed, completed, abandoned, transferred,
interrupted, cancelled; certifications awarded.
Owns: the schema `enrolment`, and in it the only identities and contacts of the house (`enrolment.learners`).
"""
