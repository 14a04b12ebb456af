"""The fault programme: real processes under load, a nemesis that breaks them, quiet, and the books."""
