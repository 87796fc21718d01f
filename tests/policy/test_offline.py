"""A state or a plan in a file, of a program that is not this one: the example on the page is judged as it says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from policy import offline

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "policies.md"
_BROKEN = {"bucket-encrypted", "bucket-versioned", "bucket-force-destroy", "bucket-not-public"}


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state on the page."""
    found = re.search(r"```json\n(.*?)```", _PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    file = tmp_path / "state.json"
    file.write_text(found[1], encoding="utf-8")
    return file


def _said(file: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str]:
    code = offline.main([str(file), *more])
    return code, capsys.readouterr().out


def test_the_example_breaks_the_rules_that_the_page_names(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = _said(state, capsys)
    assert code == 1
    assert set(re.findall(r"^\[mandatory\] (\S+):", out, re.MULTILINE)) == _BROKEN
    assert out.endswith("1 resources, 4 findings that stop an update\n")


def test_sarif_and_markdown_name_rule_and_place(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = _said(state, capsys, "--format", "sarif")
    run = json.loads(out)["runs"][0]
    assert code == 1
    assert {each["ruleId"] for each in run["results"] if each["level"] == "error"} == _BROKEN
    known = {each["id"] for each in run["tool"]["driver"]["rules"]}
    assert all(each["ruleId"] in known for each in run["results"])
    _, out = _said(state, capsys, "--format", "markdown")
    assert out.startswith("### Policies: 4 to mend\n")
    assert "| `bucket-not-public` | mandatory | uploads (minio:index/s3Bucket:S3Bucket): acl is 'public-read'" in out


def test_dev_is_judged_more_leniently(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out = _said(state, capsys, "--stack", "dev")
    assert "[advisory] bucket-force-destroy" in out


def _secret(**more: str) -> dict[str, Any]:
    return {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", **more}


@pytest.mark.parametrize(
    ("value", "word"), [(_secret(plaintext='"hunter22"'), "mandatory"), (_secret(ciphertext="v1:abc"), "not known")]
)
def test_a_secret_of_a_plan_is_judged_and_never_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], value: dict[str, Any], word: str
) -> None:
    env = [{"name": "DB_PASSWORD", "value": value}]
    pod = {"spec": {"containers": [{"env": env}]}}
    step = {"newState": {"urn": "urn:a::b::t::pod", "type": "kubernetes:core/v1:Pod", "inputs": pod}}
    file = tmp_path / "plan.json"
    file.write_text(json.dumps({"steps": [step]}), encoding="utf-8")
    _, out = _said(file, capsys)
    line = next(line for line in out.splitlines() if "container-env-secrets" in line)
    assert line.startswith(f"[{word}]")
    assert "hunter22" not in out


def test_another_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "other.json"
    file.write_text("{}", encoding="utf-8")
    assert offline.main([str(file)]) == 2
    assert "has neither a deployment nor steps" in capsys.readouterr().err
