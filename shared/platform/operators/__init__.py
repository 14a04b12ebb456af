"""What an operator does with a running exchange, one module per verb."""
