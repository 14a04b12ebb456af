"""The rules of the figures: clocks, maturity, precision, rounding, status, definitions."""
