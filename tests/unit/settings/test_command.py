"""`python -m settings check`."""

import subprocess
import sys
from pathlib import Path

import pytest

from settings.__main__ import main
from tests.unit.settings.stacks import ROOT


def test_all_real_stacks_are_ok(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--root", str(ROOT)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"Pulumi.{stack}.yaml, releases/{stack}.yaml: ok" for stack in ("dev", "prod", "staging")
    ]


def test_a_mistake_is_printed_and_the_others_are_still_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for stack in ("dev", "prod"):
        text = (ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
        (tmp_path / f"Pulumi.{stack}.yaml").write_text(
            text.replace("metrics_days: 30", "metrics_days: 3") if stack == "dev" else text, encoding="utf-8"
        )
    (tmp_path / "releases").symlink_to(ROOT / "releases")
    assert main(["check", "dev", "prod", "--root", str(tmp_path)]) == 1
    printed = capsys.readouterr()
    assert printed.out == "Pulumi.prod.yaml, releases/prod.yaml: ok\n"
    assert printed.err.startswith(
        "The settings of stack dev have 1 mistake; nothing was changed.\nPulumi.dev.yaml:\n  line "
    )
    assert printed.err.endswith(
        "luxima:retention.metrics_days: 3 is too short; requirement MON-1 asks for at least 30\n"
    )


def test_it_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "settings", "check", "dev"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "Pulumi.dev.yaml, releases/dev.yaml: ok\n", "")
