"""`python -m tools.lock` locks what pyproject.toml names, with hashes; `--check` says whether that is still needed.

The check asks no registry: it compares what pyproject.toml names with what the lock files say they were made from.
"""

import argparse
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

ROOT = Path(__file__).parent.parent
RUNTIME, DEVELOPMENT = "requirements.txt", "requirements-dev.txt"
_LOCKED = re.compile(
    r"^(?P<name>[a-z0-9][a-z0-9-]*)==(?P<version>\S+)(?: ; [^\\]+)?(?P<rest>(?: \\)?\n(?:    .*\n)*)", re.M
)


def lock(root: Path, *, upgrade: bool) -> None:
    """Write both lock files.

    Args:
        root: The folder of pyproject.toml and of the lock files.
        upgrade: Raise what pyproject.toml leaves open to the newest version, instead of keeping what is locked.
    """
    for output, groups in ((RUNTIME, ()), (DEVELOPMENT, ("--group", "dev", "--constraints", RUNTIME))):
        subprocess.run(
            [
                *(sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"),
                *("--generate-hashes", "--no-emit-index-url", "--custom-compile-command", "make lock"),
                *(("--upgrade",) if upgrade else ()),
                *("pyproject.toml", *groups, "--output-file", output),
            ],
            cwd=root,
            check=True,
        )


def problems(root: Path) -> Iterator[str]:
    """What is wrong with the lock files, one sentence each; nothing when they fit pyproject.toml."""
    project = tomllib.loads((root / "pyproject.toml").read_text())
    runtime = dict(_named(project["project"]["dependencies"]))
    development = runtime | dict(_group(project["dependency-groups"], "dev"))
    for file, named in ((RUNTIME, runtime), (DEVELOPMENT, development)):
        text = (root / file).read_text()
        locked = {found["name"]: found["version"] for found in _LOCKED.finditer(text)}
        direct = {found["name"] for found in _LOCKED.finditer(text) if "(pyproject.toml" in found["rest"]}
        for name, version in named.items():
            if locked.get(name) != version:
                yield f"{file} has {name} {locked.get(name, 'not at all')}, pyproject.toml names {version}"
        for name in sorted(direct - set(named)):
            yield f"{file} has {name}, which pyproject.toml no longer names"
        for found in _LOCKED.finditer(text):
            if "--hash=sha256:" not in found["rest"]:
                yield f"{file} has {found['name']} without a hash"
        for host in sorted(set(re.findall(r"\w+://[^\s/]+", text))):
            yield f"{file} names the host {host}, so that it could not be read elsewhere"


def _group(groups: dict[str, Any], name: str) -> Iterator[tuple[str, str]]:
    """The packages of a dependency group and of the groups that it includes."""
    for line in cast("list[str | dict[str, str]]", groups[name]):
        if isinstance(line, str):
            yield from _named([line])
        else:
            yield from _group(groups, line["include-group"])


def _named(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Normalised name and exact version of each line."""
    for line in lines:
        name, _, version = line.partition("==")
        yield re.sub(r"[-_.]+", "-", name.partition("[")[0]).lower(), version


def main() -> int:
    """Run the command line; the exit status is 1 when the check finds something."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.lock", description="Lock the Python dependencies with hashes."
    )
    parser.add_argument("--check", action="store_true", help="only say whether the lock files fit pyproject.toml")
    parser.add_argument("--upgrade", action="store_true", help="raise indirect dependencies to their newest version")
    arguments = parser.parse_args()
    if not arguments.check:
        lock(ROOT, upgrade=arguments.upgrade)
    found = list(problems(ROOT))
    sys.stderr.writelines(f"{problem}: run make lock\n" for problem in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
