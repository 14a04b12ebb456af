"""The exchange's own code in one deterministic process: a seed decides who runs next, and what fails."""
