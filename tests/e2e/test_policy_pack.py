"""The pack as a real process behind the real engine: what it finds stops the engine, unknown values included."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from policy.exemptions import EXEMPTIONS
from policy.judging import Declared, Level
from policy.table import RULES
from tests.policy.mutants.engine import mutants, platform

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


def _broken() -> list[Declared]:
    """All of prod but its providers, each resource broken once where the table of mutants knows how."""
    found = {(each.subject.type, each.subject.name): each for each in platform("prod")}
    left = set(found)
    for mutant in mutants("prod", first_only=True):
        if (key := (mutant.type, mutant.name)) in left and (made := mutant.build()) is not None:
            left.remove(key)
            found[key] = made
    return [
        replace(each, props=json.loads(json.dumps(each.props, default=str)))
        for each in found.values()
        if not each.subject.type.startswith("pulumi:providers:")
    ]


def test_the_engine_is_told_of_mutants_exactly_what_is_said_without_it(tmp_path: Path) -> None:
    broken = _broken()
    given = [(each.subject.type, each.subject.name, each.props) for each in broken]
    (tmp_path / "given.json").write_text(json.dumps(given), encoding="utf-8")
    code, output = run(tmp_path, "prod", "preview", "given")
    assert code == 1, output
    found = [
        (rule, finding)
        for rule in RULES
        for finding in rule.judge(broken, EXEMPTIONS)
        if rule.level("prod") is Level.MANDATORY
    ]
    said = {line.strip() for line in output.splitlines()}
    assert {rule.message(finding) for rule, finding in found if rule.check_stack is None} - said == set()
    # Which of two resources a rule on the stack names may depend on their order.
    names = {rule.name for rule, _ in found}
    assert set(re.findall(r"\[mandatory\] \[severity: \w+\]  ([\w-]+)  ", output)) == names
    assert len(names) > 80
