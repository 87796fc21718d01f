"""What the CI server runs ends with the count of the tests and with their verdict."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with a `make` of the test's own."""
    folder = tmp_path / "checkout"
    (folder / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "run", folder / ".ci" / "run")
    (tmp_path / "bin").mkdir()
    return folder


def run(checkout: Path, status: int, **environment: str) -> subprocess.CompletedProcess[str]:
    make = checkout.parent / "bin" / "make"
    make.write_text(
        "#!/bin/sh\necho $*; echo schemas=$PROVIDER_SCHEMAS\necho 7 passed, 2 failed, 0 skipped\n"
        f"echo 'make: *** [Makefile:1: test] Error 1' >&2; exit {status}\n"
    )
    make.chmod(0o755)
    variables = {name: value for name, value in os.environ.items() if name != "PROVIDER_SCHEMAS"}
    variables |= {"PATH": f"{make.parent}:{os.environ['PATH']}"} | environment
    command = ["bash", f"{checkout}/.ci/run"]
    return subprocess.run(command, cwd="/", env=variables, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("status", [0, 2])
def test_its_status_is_that_of_the_tests(checkout: Path, status: int) -> None:
    done = run(checkout, status)

    assert done.returncode == status
    assert done.stdout.splitlines()[0] == "test"
    assert done.stdout.splitlines()[-1] == "7 passed, 2 failed, 0 skipped"


def test_schemas_beside_the_checkout_are_used(checkout: Path) -> None:
    schemas = checkout.parent / "shared" / "schemas"

    assert "schemas=" in run(checkout, 0).stdout.splitlines()
    schemas.mkdir(parents=True)
    assert f"schemas={schemas}" in run(checkout, 0).stdout.splitlines()
    assert "schemas=/elsewhere" in run(checkout, 0, PROVIDER_SCHEMAS="/elsewhere").stdout.splitlines()
