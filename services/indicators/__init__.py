"""Indicators: counts what the other services say and answers with figures that explain themselves.

Hears labelling (trainings, labels, targets), enrolment (enrolments) and followup (settled situations).
Says nothing yet: releases will be announced once they exist.
Owns the schema `indicators`: one fact per enrolment, training, label and target, their superseded states,
and the cubes of additive counts that every rate is derived from on read.
"""
