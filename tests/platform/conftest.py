"""Fixtures of the platform's tests."""

from tests.platform.toy import toy

__all__ = ["toy"]
