"""The reference is what the table says."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from policy import docs
from policy.exemptions import EXEMPTIONS
from policy.table import RULES


def test_the_page_is_up_to_date() -> None:
    assert docs.TARGET.read_text(encoding="utf-8") == docs.page()


def test_the_page_names_every_rule_and_exemption() -> None:
    page = docs.page()
    assert [rule.name for rule in RULES if f"| `{rule.name}` | {rule.says} |" not in page] == []
    assert [each.reason for each in EXEMPTIONS if each.reason not in page] == []


def test_check_compares_and_writing_mends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docs, "TARGET", tmp_path / "reference" / "policies.md")
    monkeypatch.setattr(sys, "argv", ["docs", "--check"])
    assert docs.main() == 1
    monkeypatch.setattr(sys, "argv", ["docs"])
    assert docs.main() == 0
    monkeypatch.setattr(sys, "argv", ["docs", "--check"])
    assert docs.main() == 0
    docs.TARGET.write_text("another page", encoding="utf-8")
    assert docs.main() == 1
