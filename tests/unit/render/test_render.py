"""`make render` and `make capacity`: what they write, and what they refuse."""

import re
import shutil
from datetime import timedelta
from fnmatch import fnmatch
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

import versions
from render import rotation
from render.__main__ import main
from render.versions import ending
from settings.secrets import SECRETS
from tests.recording import STACKS, record_platform, stack_settings

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_every_document_is_a_file_under_its_readers_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["documents", "--stack", "prod", "--out", str(tmp_path / "out")]) == 0
    files = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert {
        "prometheus/prometheus.yml",
        "prometheus/rules/hosts.yml",
        "alertmanager/alertmanager.yml",
        "alertmanager/record/alertmanager.yml",
        "loki/loki.yaml",
        "log-agent/kubernetes/promtail.yaml",
        "tempo/tempo.yaml",
        "blackbox/blackbox.yml",
        "grafana/dashboards/system-overview.json",
        "database/0001_internal.sql",
        "edge/blue/routing.yaml",
    } <= files
    assert f"{len(files) - 1} documents of stack prod are in" in capsys.readouterr().out


def test_what_is_no_longer_made_goes_and_what_is_somebody_elses_stays(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["documents", "--out", str(out)]) == 0
    mark = out / ".luxima-render"
    mark.write_text(mark.read_text(encoding="utf-8") + "\nold/gone.yml", encoding="utf-8")
    (out / "old").mkdir()
    for name in ("gone.yml", "mine.yml"):
        (out / "old" / name).write_text("", encoding="utf-8")
    assert main(["documents", "--out", str(out)]) == 0
    assert [path.name for path in (out / "old").iterdir()] == ["mine.yml"]


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "letter.txt").write_text("dear", encoding="utf-8")
    assert main(["documents", "--out", str(tmp_path)]) == 1
    assert "is not empty and was not written by make render: name another folder with OUT=" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_the_folder_has_to_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["documents"]) == 2
    assert capsys.readouterr().err == "error: name the folder: make render OUT=DIR\n"


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_every_stack_is_as_large_as_its_load_asks_for(stack: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["capacity", "--stack", stack]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert "source: " in shown.out


def test_a_volume_that_is_too_small_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for area in ("services", "releases"):
        shutil.copytree(ROOT / area, tmp_path / area)
    text = (ROOT / "Pulumi.prod.yaml").read_text(encoding="utf-8")
    smaller = text.replace("prometheus: {replicas: 2, volume_gib: 160", "prometheus: {replicas: 2, volume_gib: 10")
    assert smaller != text
    (tmp_path / "Pulumi.prod.yaml").write_text(smaller, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["capacity", "--stack", "prod"]) == 1
    assert "luxima:observability.prometheus.volume_gib: 10 is too little: " in capsys.readouterr().err


def test_a_post_mortem_names_runbook_and_dashboard_and_files_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["postmortem", "--stack", "prod", "--alert", "DatabaseDown"]) == 0
    shown = capsys.readouterr().out
    assert "https://docs.luxima.id/runbooks/DatabaseDown" in shown
    assert "https://grafana.luxima.id/d/database-metrics" in shown
    link = urlsplit(shown.splitlines()[-1])
    query = parse_qs(link.query, strict_parsing=True)
    assert query["title"] == ["Post-mortem: DatabaseDown (production)"]
    assert shown.startswith(query["description"][0])


def test_an_alert_over_logs_has_one_too_and_an_unknown_alert_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["postmortem", "--alert", "FailedLoginsFromAddress"]) == 0
    assert main(["postmortem", "--alert", "ReleaseRolledBack"]) == 0
    assert main(["postmortem", "--alert", "DatabaseDwn"]) == 1
    assert "error: there is no alert DatabaseDwn; docs/runbooks has a page for each" in capsys.readouterr().err


def test_what_others_support_is_shown_for_what_the_stack_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["versions", "--stack", "prod"]) == 0
    shown = capsys.readouterr().out
    assert versions.TRAEFIK.version in shown
    assert "promtail" not in shown
    assert re.search(r"^k3s +v\d+\.\d+\.\d+\+k3s\d+ +Apache-2\.0 +20\d\d-", shown, re.MULTILINE)


def test_who_talks_to_whom_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["flows", "--stack", "prod"]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"^observability/alertmanager +observability/alertmanager +9094/TCP\+UDP +", shown, re.MULTILINE)
    assert re.search(r"^edge/traefik +commerce/storefront +3000/TCP +", shown, re.MULTILINE)
    assert re.search(r"^commerce/storefront +10\.10\.30\.61, 203\.0\.113\.61, .* +443/TCP +", shown, re.MULTILINE)


@pytest.mark.parametrize("stack", STACKS)
def test_what_runs_where_is_what_is_declared(stack: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["machines", "--stack", stack]) == 0
    machines, pods = capsys.readouterr().out.split("\n\n")
    rows = {line.split()[0]: line for line in machines.splitlines()[1:]}
    settings, recorder = stack_settings(stack), record_platform(stack_settings(stack))
    assert rows.keys() == settings.wanted_vms.keys() | settings.compute.containers.keys()
    for name in settings.compute.by_role("docker_host"):
        label = {"label": "luxima.id/host", "value": name}
        running = [
            each.inputs["name"]
            for each in recorder.of("docker:index/container:Container")
            if label in each.inputs["labels"] and each.inputs.get("start", True)
        ]
        assert sorted(rows[name].rpartition("containers ")[2].split(", ")) == sorted(running)
    for name in settings.compute.workers:
        assert settings.edge.gateways["blue"].address in rows[name]
    listed = {tuple(line.split()[:2]) for line in pods.splitlines()[1:]}
    namespace = settings.observability.namespace
    deployed = [each.inputs["metadata"] for kind in (":Deployment", ":StatefulSet") for each in recorder.of(kind)]
    programs = {(each["name"], namespace) for each in deployed if each["namespace"] == namespace}
    agents = {
        (each.inputs["metadata"]["name"], each.inputs["metadata"]["namespace"]) for each in recorder.of(":DaemonSet")
    }
    assert programs | agents <= listed
    assert {line.rpartition("  ")[2] for line in pods.splitlines()[1:] if line.split()[:1] == ["log-agent"]} == {
        "every node"
    }


_NOT_GIVEN = {"kubeconfig", "serviceRoleKey", "databaseMonitorPassword", "coolifyApiToken", "coolifyVariables"}
"""What a stack with a cluster and a database of its own makes by itself, and what one without Coolify lacks."""


@pytest.mark.parametrize(
    ("stack", "unneeded"),
    [("dev", {*_NOT_GIVEN, "acmeTsigSecret", "offSiteKey", "offSitePassphrase"}), ("prod", _NOT_GIVEN)],
)
def test_each_secret_that_is_needed_is_explained(
    stack: str, unneeded: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["secrets", "--stack", stack]) == 0
    shown = capsys.readouterr().out
    set_by = re.findall(
        rf"^  set it   pulumi config set --secret luxima:(\w+) --stack {stack}(?: < FILE)?$", shown, re.MULTILINE
    )
    assert set(set_by) == {secret.key for secret in SECRETS} - unneeded


def test_the_page_on_rotating_secrets_is_of_this_table() -> None:
    assert rotation.TARGET.read_text(encoding="utf-8") == rotation.page(), "run make docs"


@pytest.mark.parametrize("stack", STACKS)
def test_every_secret_that_the_program_makes_can_be_replaced(stack: str) -> None:
    recorder = record_platform(stack_settings(stack))
    made = [*recorder.of(":RandomPassword"), *recorder.of(":IamServiceAccount")]
    assert len(made) > 5
    patterns = [each.names for each in rotation.MADE]
    assert [each.name for each in made if not any(fnmatch(each.name, pattern) for pattern in patterns)] == []


def test_what_is_soon_supported_no_longer_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    settings = stack_settings("dev")
    ends = versions.PROMETHEUS.ends
    assert ends is not None
    assert not [text for text in ending(settings, ends) if "/prometheus:" in text]
    assert [text for text in ending(settings, ends + timedelta(1)) if "/prometheus:" in text]
    old = settings.model_copy(update={"observability": settings.observability.model_copy(update={"agent": "promtail"})})
    assert "docker.io/grafana/promtail:3.6.15 is supported until 2026-03-02" in " ".join(ending(old, ends))
    assert main(["versions", "--warn", "100000"]) == 1
    assert "raise it in versions/ or the stack file" in capsys.readouterr().err
