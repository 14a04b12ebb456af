"""The edge: what every HTTP route of the four services has in common, from the first byte to the answer."""
