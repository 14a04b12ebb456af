"""Compose: the stores, the broker's configuration and keys, the guard of production."""
