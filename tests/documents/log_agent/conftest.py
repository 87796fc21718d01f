"""What the tests of pipelines share."""

from collections.abc import Mapping, Sequence

import pytest

from components.observability import log_agent
from tests.documents.log_agent.promtail import Runner, Sent, run
from tests.recording import stack_settings

SETTINGS = stack_settings("prod")


def _runner(temporary: pytest.TempPathFactory, *, apart: bool) -> Runner:
    documents = {"kubernetes": log_agent.kubernetes(SETTINGS), "docker": log_agent.docker_host(SETTINGS, "docker-1")}

    def runner(place: str, job: str, target: Mapping[str, str], lines: Sequence[str]) -> list[Sent]:
        return run(documents[place], job, target, lines, temporary.mktemp(place), apart=apart)

    return runner


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    return _runner(tmp_path_factory, apart=False)


@pytest.fixture(scope="module")
def one_by_one(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """Each line by itself, because stages that match hand lines on as they please."""
    return _runner(tmp_path_factory, apart=True)
