"""What the tests of a watch share."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from release.guard import Verdict
from tests.unit.release.guard.given import Server, Trial


@pytest.fixture
def database() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def trial(tmp_path: Path, database: Server) -> Callable[..., Trial]:
    def make(verdicts: Verdict | Callable[[float], Verdict], **more: Any) -> Trial:
        return Trial(
            tmp_path / "spool", database.url, always(verdicts) if isinstance(verdicts, Verdict) else verdicts, **more
        )

    return make


def always(verdict: Verdict) -> Callable[[float], Verdict]:
    return lambda _: verdict
