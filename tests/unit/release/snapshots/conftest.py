"""What the tests of snapshots share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.release.snapshots.room import Room, opened


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with opened(tmp_path) as made:
        yield made
