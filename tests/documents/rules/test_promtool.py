"""By promtool: every rule file is accepted, and every alert fires and stays quiet when it should."""

import subprocess
from pathlib import Path
from string import Template

import pytest

from components.observability import rules
from components.observability.rules import security
from settings import Settings
from tests.recording import ROOT, STACKS, stack_settings
from tools import ensure

pytestmark = pytest.mark.needs_tools

CASES = [*sorted((Path(__file__).parent / "cases").glob("*.yml")), *sorted((ROOT / "teams").glob("*/cases.yml"))]
REMOTE_WRITE = "remote-write.yml"
"""Cases of what is there only when samples are sent on."""


def render(settings: Settings, folder: Path) -> list[str]:
    documents = rules.documents(settings)
    for name, text in documents.items():
        (folder / name).write_text(text, encoding="utf-8")
    return list(documents)


def write_case(case: Path, settings: Settings, folder: Path) -> str:
    """The case with this stack's links and load put in."""
    links = rules.links(settings)
    load = settings.observability.load.requests_per_second
    text = Template(case.read_text(encoding="utf-8")).substitute(
        runbooks=links.runbooks,
        grafana=links.grafana,
        busy_minute=f"{load * 60 * 1.1:g}",
        flood=f"{max(load, security.FLOOD_RATE):g}",
        service_load=f"{load / len(settings.services):g}",
    )
    name = f"{case.parent.name}-{case.stem}.test"
    (folder / name).write_text(text, encoding="utf-8")
    return name


def promtool(folder: Path, *arguments: str) -> None:
    result = subprocess.run(
        [str(ensure("promtool")["promtool"]), *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


def sends_on(settings: Settings) -> Settings:
    prometheus = settings.observability.prometheus.model_copy(
        update={"remote_write_url": "https://metrics.example.org"}
    )
    return settings.model_copy(
        update={"observability": settings.observability.model_copy(update={"prometheus": prometheus})}
    )


@pytest.mark.parametrize("stack", STACKS)
def test_promtool_accepts_every_rule(stack: str, tmp_path: Path) -> None:
    names = render(stack_settings(stack), tmp_path)
    promtool(tmp_path, "check", "rules", "--lint=all", "--lint-fatal", *names)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("stack", [pytest.param("dev", marks=pytest.mark.long), "prod"])
def test_alerts_fire_and_stay_quiet(stack: str, tmp_path: Path) -> None:
    settings = stack_settings(stack)
    render(settings, tmp_path)
    promtool(
        tmp_path,
        "test",
        "rules",
        *(write_case(case, settings, tmp_path) for case in CASES if case.name != REMOTE_WRITE),
    )


def test_who_sends_samples_on_is_told_when_they_are_lost(tmp_path: Path) -> None:
    settings = sends_on(stack_settings("prod"))
    render(settings, tmp_path)
    (case,) = [case for case in CASES if case.name == REMOTE_WRITE]
    promtool(tmp_path, "test", "rules", write_case(case, settings, tmp_path))
