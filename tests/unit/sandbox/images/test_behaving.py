"""How the images of services behave: a table that a person writes."""

import json
from pathlib import Path

import pytest

from sandbox import images
from sandbox.faults import SandboxError

SHOP = "registry.example/aceh/shop@sha256:" + "1" * 64


def test_without_a_table_nothing_is_said(tmp_path: Path) -> None:
    assert images.behaviour(tmp_path / "none.json") == {}


def test_a_table_is_kept(tmp_path: Path) -> None:
    given, kept = tmp_path / "given.json", tmp_path / "kept.json"
    given.write_text(json.dumps({SHOP: {"FAIL_PERCENT": "5"}}), encoding="utf-8")
    images.keep_behaviour(kept, given)
    given.unlink()
    assert images.behaviour(kept) == {SHOP: {"FAIL_PERCENT": "5"}}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
        ("[]", "has to be like"),
        (f'{{"{SHOP}": "FAIL_PERCENT=5"}}', "has to be like"),
        (f'{{"{SHOP}": {{"FAIL_PERCENT": 5}}}}', "environment variables, as texts, by image"),
        (None, "cannot be read"),
    ],
)
def test_what_is_no_table_is_refused_and_not_kept(tmp_path: Path, content: str | bytes | None, said: str) -> None:
    given, kept = tmp_path / "given.json", tmp_path / "kept.json"
    kept.write_text("{}", encoding="utf-8")
    if content is not None:
        given.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SandboxError, match=said) as error:
        images.keep_behaviour(kept, given)
    assert str(error.value).startswith(f"{given}: the table of images ")
    assert "\n" not in str(error.value)
    assert kept.read_text(encoding="utf-8") == "{}"
