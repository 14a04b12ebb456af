"""Followup learns what became of learners: waves at three and six months, observations from every source.

Hears: labelling (mandates), enrolment (entries, ends, corrections of both). Says: settled, withdrawn and excluded
follow-ups (`shared.events.followup`). Owns the schema `followup`.
"""
