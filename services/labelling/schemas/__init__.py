"""What callers send to labelling and what they get."""
