"""The folder of the edge functions: what cannot be deployed is told before anything is changed."""

from pathlib import Path

import pytest

from settings import functions
from settings.loading import check
from settings.rules import database
from tests.unit.settings.stacks import ROOT

FETCHED = "which the first start would have to fetch; a function is one file: write out what it needs"


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        (
            "Pay/index.ts",
            "",
            "functions/Pay/ cannot be called so; give a name other than healthz and metrics: a lower-",
        ),
        ("metrics/index.ts", "", "functions/metrics/ cannot be called so"),
        ("pay/index.js", "", "functions/pay/ has no index.ts; write one, or remove the folder"),
        ("pay/index.js", "", "functions/pay/index.js would not be deployed; a function is its index.ts alone"),
        ("pay/index.ts", " " * (256 * 1024 + 1), "functions/pay/index.ts has more than 256 KiB; make it smaller"),
        ("pay/index.ts", 'import a from "jsr:@a/b";', f"functions/pay/index.ts imports jsr:@a/b, {FETCHED}"),
        ("pay/index.ts", "const a = await import('../b.ts');", f"functions/pay/index.ts imports ../b.ts, {FETCHED}"),
    ],
)
def test_what_cannot_be_deployed_is_refused(
    file: str, text: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = check("dev", ROOT)
    monkeypatch.setattr(functions, "FOLDER", tmp_path)
    (tmp_path / file).parent.mkdir()
    (tmp_path / file).write_text(text)
    told = [str(each) for each in database.functions(settings)]
    assert [each for each in told if each.startswith(f"luxima:database.functions: {says}")], told


def test_what_can_be_deployed_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(functions, "FOLDER", tmp_path)
    (tmp_path / "pay").mkdir()
    (tmp_path / "pay" / "index.ts").write_text('import { Buffer } from "node:buffer";')
    assert list(functions.mistakes()) == []
