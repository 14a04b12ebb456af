"""Labelling keeps the label: who applies, by which criteria, who decided what, and what stands in the register.

Hears: nobody. Says: organisations, labelled trainings, labels, networks, bridges, targets (`shared.events.labelling`).
Owns the schema `labelling`.
"""
