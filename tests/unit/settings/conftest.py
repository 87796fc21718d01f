"""Fixtures for the tests of `settings`."""

from pathlib import Path

import pytest

from tests.unit.settings.stacks import Checkout


@pytest.fixture
def dev(tmp_path: Path) -> Checkout:
    """The dev stack in a folder of its own."""
    return Checkout(tmp_path)


@pytest.fixture
def prod(tmp_path: Path) -> Checkout:
    """The prod stack in a folder of its own."""
    return Checkout(tmp_path, "prod")
