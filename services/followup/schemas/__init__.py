"""HTTP bodies of followup: what reporters send, what they and holders read."""
