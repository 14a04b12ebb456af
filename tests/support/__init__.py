"""What the tests stand on: real servers, services under test, tokens."""
