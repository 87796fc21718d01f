"""`python -m settings check`."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from settings.__main__ import main
from settings.loading import check, stacks
from settings.report import OWN_FILES
from tests.unit.settings.stacks import ROOT, STACKS, files_of


def test_all_real_stacks_are_ok(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--root", str(ROOT)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"Pulumi.{stack}.yaml, services/{stack}.yaml, releases/{stack}.yaml: ok" for stack in ("dev", "prod", "staging")
    ]


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    for path in (path for stack in STACKS for path in files_of(stack)):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    return tmp_path


def test_a_new_service_is_one_entry_for_each_stack(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new-service", "search", "--port", "8080", "--root", str(copied)]) == 0
    assert "services/dev.yaml, services/prod.yaml, services/staging.yaml" in capsys.readouterr().out
    for stack in stacks(copied):
        changed = [path for path in files_of(stack) if (copied / path).read_text() != (ROOT / path).read_text()]
        assert changed == [f"services/{stack}.yaml"]
        old, new = ((root / changed[0]).read_text().splitlines() for root in (ROOT, copied))
        assert new[:-1] == old
        settings = check(stack, copied)
        assert settings.services["search"].port == 8080
        assert settings.objectives["search-availability"].objective_percent == 99.9
        assert settings.service_fqdn("search") == f"search.{settings.environment.domain}"
        assert {service.strategy for service in settings.services.values()} == {settings.services["search"].strategy}
    for more in ("billing", "reports"):
        assert main(["new-service", more, "--root", str(copied)]) == 0, "the stacks have room for three"


@pytest.mark.parametrize(
    ("name", "port", "why"),
    [
        ("", "3000", '"" is no name for a service'),
        ("Search!", "3000", '"Search!" is no name for a service'),
        ("api", "3000", "services/dev.yaml has a service api already"),
        ("search", "80", "with search the settings would not be right, so nothing was written"),
    ],
)
def test_a_service_that_cannot_be_added_changes_no_file(
    name: str, port: str, why: str, copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new-service", name, "--port", port, "--root", str(copied)]) == 1
    assert why in capsys.readouterr().err
    for path in (path for stack in STACKS for path in files_of(stack)):
        assert (copied / path).read_text() == (ROOT / path).read_text()


def test_a_mistake_is_printed_and_the_others_are_still_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for stack in ("dev", "prod"):
        text = (ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
        (tmp_path / f"Pulumi.{stack}.yaml").write_text(
            text.replace("metrics_days: 30", "metrics_days: 3") if stack == "dev" else text, encoding="utf-8"
        )
    for area in OWN_FILES:
        (tmp_path / area).symlink_to(ROOT / area)
    assert main(["check", "dev", "prod", "--root", str(tmp_path)]) == 1
    printed = capsys.readouterr()
    assert printed.out == "Pulumi.prod.yaml, services/prod.yaml, releases/prod.yaml: ok\n"
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
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{', '.join(files_of('dev'))}: ok\n", "")
