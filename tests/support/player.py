"""A player for the tests of the launcher: says what it was told, and ends with a code of its own."""

from deploy.local.stack import Stack


async def play(stack: Stack) -> int:
    """Print two lines."""
    secret = stack.clients["holder-12"]
    print(stack.state, stack.fixture, stack.seed, stack.plant, stack.once, stack.urls["labelling"], secret)
    print("the last line")
    return 3
