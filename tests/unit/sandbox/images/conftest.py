"""What the tests of the sandbox's own program share."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.images import program
from tests.programs import end, free_port
from tests.unit.sandbox.images.running import IMAGE, SECONDS, Running, Start, answers
from tests.waiting import wait_for
from tools import ensure


@pytest.fixture(scope="session")
def binary() -> Path:
    return program.built(ensure("go")["go"])


@pytest.fixture
def start(binary: Path, tmp_path: Path) -> Iterator[Start]:
    """Starts the program with arguments and environment, and waits until it answers; ends all of them."""
    started: list[Running] = []

    def begin(*arguments: str, port: int | None = None, **env: str) -> Running:
        port = port or free_port()
        log = tmp_path / f"{port}.log"
        with log.open("wb") as output:
            command = [binary, *arguments]
            env = {"ADDRESS": "127.0.0.1", "PORT": str(port), "HOSTNAME": "shop-blue-1", "IMAGE": IMAGE, **env}
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=env)
        running = Running(process, port, log)
        started.append(running)
        wait_for(lambda: process.poll() is not None or answers(running), "it", SECONDS)
        assert process.poll() is None, log.read_text()
        return running

    yield begin
    for running in started:
        end(running.process)
