"""The operators' command line, `python -m shared.platform.operators VERB`: a module per verb, listed in `__main__`."""
