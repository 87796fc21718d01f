"""The pack as a real process behind the real engine: what it finds stops the engine, unknown values included."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(900)]


def run(folder: Path, stack: str, verb: str, case: str, cwd: Path = ROOT) -> tuple[int, str]:
    """Exit code and output of one trial."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.policy_trial", str(folder), stack, verb, case],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def in_the_state(output: str) -> list[str]:
    line = next(line for line in output.splitlines() if line.startswith("in the state:"))
    return line.removeprefix("in the state:").split()


def test_what_keeps_the_rules_is_made(tmp_path: Path) -> None:
    code, output = run(tmp_path, "prod", "up", "good_record", cwd=tmp_path)
    assert code == 0, output
    assert "www" in in_the_state(output)
    assert "luxima@v" in output


def test_a_violation_stops_the_update_before_the_resource_is_made(tmp_path: Path) -> None:
    code, output = run(tmp_path, "prod", "up", "slow_record")
    assert code == 1, output
    assert "www" not in in_the_state(output)
    assert "[mandatory]" in output
    assert "record-ttl" in output
    assert "www (pulumi-python:dynamic/dns:Record): ttl is 3600 s; give 10 to 300 seconds (REL-1)" in output


def test_an_unknown_value_stops_the_preview(tmp_path: Path) -> None:
    code, output = run(tmp_path, "prod", "preview", "unknown_record")
    assert code == 1, output
    assert "[mandatory]" in output
    assert "www (pulumi-python:dynamic/dns:Record): ttl is not known before the update" in output


def test_what_is_missing_in_the_stack_stops_the_preview(tmp_path: Path) -> None:
    code, output = run(tmp_path, "staging", "preview", "bare_bucket")
    assert code == 1, output
    assert "bucket has no S3BucketServerSideEncryption" in output
    assert "bucket has no S3BucketVersioning" in output


@pytest.mark.parametrize(
    ("stack", "code", "level"), [("dev", 0, "advisory"), ("prod", 1, "mandatory"), ("a-new-one", 1, "mandatory")]
)
def test_the_stacks_name_decides_how_strict_the_pack_is(tmp_path: Path, stack: str, code: int, level: str) -> None:
    got, output = run(tmp_path, stack, "preview", "guarded_bucket")
    assert got == code, output
    line = next(line for line in output.splitlines() if "bucket-force-destroy" in line)
    assert f"[{level}]" in line
