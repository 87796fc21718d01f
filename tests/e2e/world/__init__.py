"""Clients that read and change the servers directly: what a test asserts is never a provider's own record."""

from tests.e2e.world.world import World

__all__ = ["World"]
