"""Rows and statements: facts with their history, contributions, cubes, and the registry of definitions."""
