"""The broker's server: its configuration and the keys of those who may connect."""
