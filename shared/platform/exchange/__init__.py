"""The exchange: the log, the relay, the intake, and what repairs, rebuilds and watches them."""
