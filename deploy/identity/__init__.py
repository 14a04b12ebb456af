"""Identity provider for development: client credentials and nothing else; refuses to start in production."""
