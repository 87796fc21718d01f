"""Programs that tests run: ports for them to listen on, and their end."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.ports import Wanted, choose


def free_port(*, datagrams: bool = False) -> int:
    """A port of loopback on which nobody listens, by TCP; with `datagrams` by UDP neither; never given out twice."""
    return choose(Wanted("test", datagrams=datagrams))


def start(
    command: Sequence[str | Path], log: Path, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Run a program, in this environment if one is given; all that it says goes to `log`."""
    with log.open("wb") as output:
        return subprocess.Popen(command, stdout=output, stderr=output, env=environment)


def end(process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    """Ask a program to end, and end it if it does not within these seconds."""
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
