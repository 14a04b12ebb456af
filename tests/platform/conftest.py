"""Fixtures of the platform's tests."""

from tests.platform.keeping import keeping
from tests.platform.toy import toy

__all__ = ["keeping", "toy"]
