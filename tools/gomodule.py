"""Compile programs from a pinned Go module, or take files out of one."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tools import cache
from tools.errors import ToolError
from tools.running import Job, run
from tools.sources import GoFiles, GoModule


def build(module: GoModule, packages: Mapping[str, str], go: Path, job: Job) -> None:
    """Compile main packages of a module, all in one run of the compiler.

    Args:
        module: The pinned module.
        packages: Name of each program to its main package; the program becomes `<work>/<name>/<name>`.
        go: The Go command.
        job: Where to work and to log.
    """
    environment = _environment()
    for folder in _go_caches(go, environment):
        cache.require_space(folder, module.mebibytes * 2**20, f"building {module.name} with Go")
    built = job.work / "built"
    changed = [f"-modfile={_with_pages(module, go, job, environment)}"] if module.pages else []
    flags = ["-trimpath", *changed, "-ldflags", module.linker_flags]
    run(
        [str(go), "build", *flags, "-o", f"{built}/", *packages.values()],
        job,
        what=f"building {', '.join(packages)} {module.version} with Go",
        minutes=module.minutes,
        folder=module.path,
        environment=environment,
    )
    for name, package in packages.items():
        (built / _executable(package)).rename(job.work / name / name)


def copy(module: GoFiles, name: str, go: Path, job: Job) -> None:
    """Fetch a module and put the files that are wanted of it into the folder `<work>/<name>/<name>`.

    Args:
        module: The pinned module; Go compares what it fetches with `go.sum`.
        name: The folder's name.
        go: The Go command.
        job: Where to work and to log.
    """
    environment = _environment()
    sources, *_ = _go_caches(go, environment)
    cache.require_space(sources, module.mebibytes * 2**20, f"fetching {module.name} with Go")
    source = _fetched(module, module.minutes, go, job, environment)
    target = job.work / name / name
    target.mkdir()
    for pattern in module.files:
        found = sorted(source.glob(pattern))
        if not found:
            raise ToolError(f"{module.name} {module.version} has no {pattern}; what Go did is in {job.log}")
        for file in found:
            # Only the content: Go keeps its copy read-only, and this one has to be removable.
            shutil.copyfile(file, target / file.name)


def _fetched(module: GoModule | GoFiles, minutes: float, go: Path, job: Job, environment: Mapping[str, str]) -> Path:
    """The module's own files, in Go's cache."""
    wanted = f"{module.module}@{module.version}"
    run(
        [str(go), "mod", "download", wanted],
        job,
        what=f"fetching {module.name} {module.version} with Go",
        minutes=minutes,
        folder=module.path,
        environment=environment,
    )
    sources, *_ = _go_caches(go, environment)
    return sources / wanted


def _with_pages(module: GoModule, go: Path, job: Job, environment: Mapping[str, str]) -> Path:
    """A `go.mod` with which the module is built from a copy that has the pages it lacks."""
    copy = job.work / "source"
    shutil.copytree(_fetched(module, 0.5, go, job, environment), copy, copy_function=shutil.copyfile)
    for folder, _, _ in os.walk(copy):
        # Go keeps its copy read-only.
        Path(folder).chmod(0o755)
    for page in module.pages:
        file = copy / page
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("<!doctype html>\n", encoding="utf-8")
    changed = job.work / "go.mod"
    text = (module.path / "go.mod").read_text(encoding="utf-8")
    changed.write_text(f"{text}\nreplace {module.module} => {copy}\n", encoding="utf-8")
    shutil.copyfile(module.path / "go.sum", changed.with_suffix(".sum"))
    return changed


def _environment() -> dict[str, str]:
    """A build that depends on the pinned module only: no C compiler, no other Go, no change to `go.mod` or `go.sum`."""
    settings = {
        "CGO_ENABLED": "0",
        "GO111MODULE": "on",
        "GOFLAGS": "-mod=readonly -buildvcs=false",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }
    home = Path(os.environ.get("HOME") or "~").expanduser()
    if not os.access(home, os.W_OK):
        # Go's own caches are below the home directory: without one they are kept with ours.
        settings |= {"GOPATH": str(cache.root() / "go"), "GOCACHE": str(cache.root() / "go-build")}
    return os.environ | settings


def _go_caches(go: Path, environment: Mapping[str, str]) -> list[Path]:
    """Where Go keeps what it downloaded and what it compiled, which may be another disk than that of our cache."""
    command = [str(go), "env", "GOMODCACHE", "GOCACHE"]
    answer = subprocess.run(command, env=dict(environment), capture_output=True, text=True, check=False)
    return [Path(line) for line in answer.stdout.split()]


def _executable(package: str) -> str:
    """The file name that `go build` gives a main package: its last part that is not a major version."""
    return next(part for part in reversed(package.split("/")) if not re.fullmatch(r"v\d+", part))
