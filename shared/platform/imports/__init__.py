"""Large imports: a file is received encrypted, worked off in batches by one replica at a time, and destroyed."""
