"""What the guard in the cluster is told, and how it says what is wrong with it."""

import json
from pathlib import Path
from typing import Any

import pytest

from components.services import guard_document
from release.guard.plan import PlanError, load, read_secret
from tests.unit.release.guard.test_job import released

PLAN: dict[str, Any] = json.loads(guard_document(released("dev"), "api"))


def written(folder: Path, content: Any) -> Path:
    path = folder / "watch.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"slot": "red"}, "slot: "),
        ({"since": "yesterday"}, "since: a moment in UTC"),
        ({"image": "api:latest"}, "image: an image by digest"),
        ({"surprise": 1}, "surprise: "),
        ({"urls": {**PLAN["urls"], "prometheus": "https://u:planted-word@host"}}, "urls.prometheus: an http"),
        ({"limits": {**PLAN["limits"], "check_seconds": 0}}, "limits.check_seconds: "),
        ({"name": {**PLAN["name"], "servers": []}}, "name.servers: "),
    ],
)
def test_a_wrong_plan_is_a_sentence_without_its_content(tmp_path: Path, changed: dict[str, Any], told: str) -> None:
    with pytest.raises(PlanError, match="is not what a guard needs") as caught:
        load(written(tmp_path, {**PLAN, **changed}))
    assert told in str(caught.value)
    assert "planted-word" not in str(caught.value)


def test_no_plan_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="cannot be read: No such file"):
        load(tmp_path / "watch.json")
    with pytest.raises(PlanError, match="is not what a guard needs"):
        load(written(tmp_path, "{"))


def test_a_secret_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "tsig").write_text("c2VjcmV0\n")
    assert read_secret(tmp_path, "tsig") == "c2VjcmV0"
    (tmp_path / "tsig").write_text("\n")
    with pytest.raises(PlanError, match="tsig is empty"):
        read_secret(tmp_path, "tsig")
    (tmp_path / "tsig").write_bytes(b"\xff\xfe")
    with pytest.raises(PlanError, match="tsig is no text"):
        read_secret(tmp_path, "tsig")
    with pytest.raises(PlanError, match="cannot be read"):
        read_secret(tmp_path, "other")
