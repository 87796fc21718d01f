"""The lock files fit pyproject.toml."""

import re
import shutil
from pathlib import Path

import pytest

from tools.lock import ROOT, problems


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what is compared."""
    for name in ("pyproject.toml", "requirements.txt", "requirements-dev.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert re.search(old, text), f"{old} is not in {file}"
    file.write_text(re.sub(old, new, text, count=1))


def test_what_is_committed_fits() -> None:
    assert list(problems(ROOT)) == []


def test_a_raised_version_needs_a_new_lock(project: Path) -> None:
    change(project / "pyproject.toml", r'"dnspython==[^"]+"', '"dnspython==99.1"')

    assert [re.sub(r" has dnspython \S+,", " has dnspython X,", problem) for problem in problems(project)] == [
        "requirements.txt has dnspython X, pyproject.toml names 99.1",
        "requirements-dev.txt has dnspython X, pyproject.toml names 99.1",
    ]


def test_a_new_package_of_an_included_group_needs_a_new_lock(project: Path) -> None:
    change(project / "pyproject.toml", r"(?m)^sandbox = \[$", 'sandbox = [\n  "Some_Package[extra]==1.2",')

    assert list(problems(project)) == ["requirements-dev.txt has some-package not at all, pyproject.toml names 1.2"]


def test_a_package_that_is_no_longer_named_is_found(project: Path) -> None:
    change(project / "pyproject.toml", r'\n  "hypothesis==[^"]+",', "")

    assert list(problems(project)) == ["requirements-dev.txt has hypothesis, which pyproject.toml no longer names"]


def test_a_package_without_a_hash_is_found(project: Path) -> None:
    change(project / "requirements.txt", r"(?m)^(dnspython==\S+) \\\n(?:    --hash=.*\n)+", r"\1\n")

    assert list(problems(project)) == ["requirements.txt has dnspython without a hash"]


def test_a_host_in_a_lock_file_is_found(project: Path) -> None:
    (project / "requirements.txt").open("a").write("--index-url https://packages.example.test/simple\n")

    assert [problem.partition(",")[0] for problem in problems(project)] == [
        "requirements.txt names the host https://packages.example.test"
    ]
