"""What the tests of pipelines share."""

from collections.abc import Mapping, Sequence

import pytest

from components.observability import log_agent
from tests.documents.log_agent.promtail import Runner, Sent, run
from tests.recording import stack_settings

SETTINGS = stack_settings("prod")


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    documents = {"kubernetes": log_agent.kubernetes(SETTINGS), "docker": log_agent.docker_host(SETTINGS, "docker-1")}

    def runner(place: str, job: str, target: Mapping[str, str], lines: Sequence[str]) -> list[Sent]:
        return run(documents[place], job, target, lines, tmp_path_factory.mktemp(place))

    return runner


@pytest.fixture(scope="module")
def one_by_one(pipeline: Runner) -> Runner:
    """Each line by itself, because stages that match hand lines on as they please."""

    def runner(place: str, job: str, target: Mapping[str, str], lines: Sequence[str]) -> list[Sent]:
        return [sent for line in lines for sent in pipeline(place, job, target, [line])]

    return runner
