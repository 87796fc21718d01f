"""Unpack a package of the machine's Debian release, without root and without installing anything."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tools.errors import ToolError
from tools.running import Job, run
from tools.sources import DebianPackage
from tools.versions import Check, ask

_ENVIRONMENT = {"LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}

_ANY_USER = ("-o", "APT::Sandbox::User=root")
"""Apt's own unprivileged user could not read the folder that is worked in; nothing is installed anyway."""

_WRAPPER = """\
#!/bin/sh
# Runs the unpacked program with the libraries that were unpacked with it.
here=$(dirname "$(readlink -f "$0")")/root
LD_LIBRARY_PATH={libraries}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}
PYTHONPATH=$here/usr/lib/python3/dist-packages
export LD_LIBRARY_PATH PYTHONPATH
{run} "$@"
"""

_SEVERAL = """\
PATH=$here/usr/sbin:$here/usr/bin:$here/sbin:$here/bin:$PATH
XTABLES_LIBDIR={extensions}
export PATH XTABLES_LIBDIR
exec"""
"""Of several programs, any is run by its name; iptables looks for its own extensions where it would be installed."""


def unpack(package: DebianPackage, name: str, check: Check, job: Job) -> None:
    """Download a package and the libraries it lacks; the program becomes `<work>/<name>/<name>`, a small script.

    Args:
        package: The package, and what is unpacked with it.
        name: The program's name.
        check: How to see that the unpacked program runs, in a good version.
        job: Where to work and to log.
    """
    for command in ("apt-get", "dpkg"):
        if shutil.which(command) is None:
            raise ToolError(
                f"{name} comes from Debian's package {package.name}, but there is no {command} here: "
                f"install {name} {check.wanted(package.numbers)} so that it is on PATH"
            )
    archives = _download(package, job)
    root = job.work / name / "root"
    for archive in archives:
        if _quietly(["dpkg", "--extract", str(archive), str(root)], job).returncode != 0:
            raise ToolError(f"unpacking {archive.name} failed; what dpkg said is in {job.log}")
    for link, target in package.links:
        (root / link).parent.mkdir(parents=True, exist_ok=True)
        (root / link).unlink(missing_ok=True)
        (root / link).symlink_to(target)
    program = job.work / name / name
    folders = sorted({library.parent.relative_to(root) for library in root.rglob("*.so*")})
    libraries = ":".join(f"$here/{folder}" for folder in folders)
    extensions = next((f"$here/{folder}" for folder in folders if folder.name == "xtables"), "")
    run = f'exec "$here/{package.program}"' if package.program else _SEVERAL.format(extensions=extensions)
    program.write_text(_WRAPPER.format(libraries=libraries, run=run))
    program.chmod(0o755)
    version = ask(program, check)
    if version is None or not check.accepts(version, package.numbers):
        raise ToolError(
            f"{name} of this release's package {package.name} does not run in a version "
            f"{check.wanted(package.numbers)}: install one so that it is on PATH"
        )


def _download(package: DebianPackage, job: Job) -> list[Path]:
    """Get the archives with the machine's package lists or, when those are missing or old, with fresh ones of ours."""
    folder = job.work / "archives"
    folder.mkdir()
    error = ToolError(f"no package source in /etc/apt offers {package.name}; what apt said is in {job.log}")
    for fresh in (False, True):
        options = _own_lists(job) if fresh else ()
        if fresh:
            _update(package, options, job)
        needed = _needed(package, options, job)
        if not needed:
            continue
        try:
            run(
                ["apt-get", *_ANY_USER, *options, "download", *needed],
                job,
                what=f"downloading {', '.join(needed)} from Debian",
                minutes=package.minutes,
                folder=folder,
                environment=os.environ | _ENVIRONMENT,
            )
        except ToolError as failed:
            error = failed
        else:
            return sorted(folder.glob("*.deb"))
    raise error


def _own_lists(job: Job) -> tuple[str, ...]:
    """Options that keep apt's package lists in the work folder, which any user can write."""
    lists, archives = job.work / "apt" / "lists", job.work / "apt" / "cache"
    for folder in (lists / "partial", archives / "archives" / "partial"):
        folder.mkdir(parents=True)
    return "-o", f"Dir::State::lists={lists}", "-o", f"Dir::Cache={archives}"


def _update(package: DebianPackage, options: Sequence[str], job: Job) -> None:
    """Fetch package lists; that one source of several cannot be reached is no error, only a missing package is."""
    with suppress(ToolError):
        run(
            ["apt-get", *_ANY_USER, *options, "update"],
            job,
            what=f"fetching Debian's package lists for {package.name}",
            minutes=package.minutes,
            folder=job.work,
            environment=os.environ | _ENVIRONMENT,
        )


def _needed(package: DebianPackage, options: Sequence[str], job: Job) -> list[str]:
    """The package and every package that it needs and this machine has not; empty when the lists do not know it."""
    wanted = (package.name, *package.others)
    command = ["apt-get", *_ANY_USER, *options, "--simulate", "--no-install-recommends", "install", *wanted]
    simulated = _quietly(command, job)
    if simulated.returncode != 0:
        return []
    return sorted({*wanted, *re.findall(r"^Inst (\S+)", simulated.stdout, re.MULTILINE)})


def _quietly(command: Sequence[str], job: Job) -> subprocess.CompletedProcess[str]:
    """Run a quick command; what it says goes to the log."""
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        stdin=subprocess.DEVNULL,
        env=os.environ | _ENVIRONMENT,
        check=False,
    )
    with job.log.open("a") as log:
        log.write(done.stdout)
    return done
