"""`make fuzz`: schemathesis against the four services on real servers, after the replay of 2016, with real tokens."""
