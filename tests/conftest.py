"""What all tests share."""

import gc
import os

import pytest
from hypothesis import settings

# What tests share says what it compared, too; pytest does that of itself for files of tests only.
pytest.register_assert_rewrite("tests.e2e", "tests.documents", "tests.policy", "tests.waiting")

# How long an example takes says more about the machine than about the code. The same examples come every time, so that
# nobody's change is refused for an old fault; `--hypothesis-profile=explore` looks for new ones.
settings.register_profile("platform", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile("platform")


def pytest_collection_finish() -> None:
    """What is imported and collected by now stays: looking through all of it for garbage was a third of some tests."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


@pytest.fixture(scope="session", autouse=True)
def _recorded(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where the workers of a run keep for each other what tests/recording.py records."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        from tests.recording import SHARED  # not before it is needed: it imports the whole platform

        folder = tmp_path_factory.getbasetemp().parent / "recorded"
        folder.mkdir(exist_ok=True)
        os.environ[SHARED] = str(folder)
