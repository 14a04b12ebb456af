"""The one way in which a replay ends early."""


class Stopped(Exception):
    """The replay cannot go on; the message is a sentence for whoever watches."""
