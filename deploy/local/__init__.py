"""The embedded stack: Postgres, NATS, the identity provider and the four services under one launcher."""
