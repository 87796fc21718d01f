"""Which programs on PATH are good enough."""

import pytest

from tests.unit.tools.machine import Machine
from tools.table import PROGRAMS
from tools.versions import Version, on_path


@pytest.mark.parametrize(
    ("name", "says", "good"),
    [
        ("pulumi", "v3.259.0", True),
        ("pulumi", "v3.300.1", True),
        ("pulumi", "v3.258.9", False),
        ("pulumi", "v4.0.0", False),
        ("pulumi", "v3.260.0-alpha.x1", True),
        ("minio", "minio version RELEASE.2025-10-15T17-29-55Z (commit-id=9e49d5e7)", True),
        ("minio", "minio version RELEASE.2023-01-25T00-19-54Z (commit-id=0)", False),
        ("minio", "minio version DEVELOPMENT.GOGET (commit-id=DEVELOPMENT.GOGET)", False),
        ("etcd", "etcd Version: 3.6.9\nGit SHA: abc\nGo Version: go1.24.3", True),
        ("etcd", "etcd Version: 3.5.30\nGit SHA: abc\nGo Version: go1.24.3", False),
        ("kube-apiserver", "Kubernetes v1.36.0", True),
        ("kube-apiserver", "Kubernetes v1.35.0", False),
        ("kube-scheduler", "Kubernetes v1.33.9", False),
        ("kubectl", "Client Version: v1.36.7\nKustomize Version: v5.7.1", True),
        ("kubectl", "Client Version: v1.32.4-dispatcher\nKustomize Version: v5.5.0", False),
        ("kwok", "kwok version v0.8.0 go1.26.0 (linux/amd64)", True),
        ("kwokctl", "kwokctl version 0.6.1 go1.23.0 (linux/amd64)", False),
        ("knotd", "knotd (Knot DNS), version 3.2.6", True),
        ("knotd", "knotd (Knot DNS), version 2.9.9", False),
        ("go", "go version go1.27 linux/amd64", True),
        ("go", "go version go1.24.9 linux/amd64", False),
        ("go", "segmentation fault", False),
    ],
)
def test_a_program_on_path_is_taken_by_its_version(machine: Machine, name: str, says: str, good: bool) -> None:
    program = PROGRAMS[name]
    placed = machine.program(name, f"cat <<'END'\n{says}\nEND")

    found = on_path(name, program.check, program.source.numbers)

    assert found == (placed if good else None)


def test_a_bad_one_does_not_hide_a_good_one_behind_it(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    program = PROGRAMS["etcd"]
    machine.program("etcd", "echo etcd Version: 3.4.0")
    good = machine.program("etcd", "echo etcd Version: 3.6.16", folder=machine.folder / "second")
    monkeypatch.setenv("PATH", f"{machine.bin}:{good.parent}")

    assert on_path("etcd", program.check, program.source.numbers) == good


def test_servers_are_also_looked_for_where_distributions_put_them(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = PROGRAMS["knotd"]
    good = machine.program("knotd", "echo version 3.4", folder=machine.folder / "sbin")
    monkeypatch.setattr("tools.versions._SYSTEM_FOLDERS", (str(good.parent),))

    assert on_path("knotd", program.check, program.source.numbers) == good


def test_a_program_that_never_answers_is_passed_over(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    program = PROGRAMS["minio"]
    machine.program("minio", "exec sleep 60")
    monkeypatch.setattr("tools.versions._ANSWER_SECONDS", 0.1)

    assert on_path("minio", program.check, program.source.numbers) is None


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_pinned_version_itself_would_be_good(name: str) -> None:
    program = PROGRAMS[name]
    pinned: Version = program.source.numbers

    assert program.check.accepts((*pinned, *program.check.minimum[len(pinned) :]), pinned)
