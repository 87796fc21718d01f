"""Images of the names that the stacks have; programs are small files here."""

import json
import os
import platform
import re
import sys
import tarfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sandbox.images import (
    COREDNS,
    PAUSE,
    Image,
    ImageError,
    archive,
    guard,
    linked,
    make,
    making,
    program,
    programs,
    wanted,
)
from sandbox.images.database import COMMANDS
from sandbox.images.model import repository
from sandbox.images.table import BACKUP, GUARD, STAND_INS, is_backup
from settings.releases import Candidate
from tests.recording import ROOT, STACKS, Recorder, record_platform, stack_settings
from tools.table import PROGRAMS
from versions import ALLOY, PROMETHEUS, PROMTAIL, TEMPO

SERVICE = "registry.example/aceh/shop@sha256:" + "1" * 64


@pytest.fixture
def have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Path]:
    """Every program as a small file, as if built here, and a cache of the test's own."""
    monkeypatch.setenv("LUXIMA_CACHE", str(tmp_path))
    for name in (*PROGRAMS, "own", "python"):
        (tmp_path / name).write_bytes(b"\x7fELF" + name.encode())
    # As tools.debian unpacks it.
    (tmp_path / "postgres").write_text('exec "$here/usr/lib/postgresql/15/bin/postgres" "$@"\n')
    installed = [f"lib/postgresql/15/bin/{name}" for name in ("postgres", *COMMANDS)]
    for path in (*installed, "lib/postgresql/15/lib/one.so", "share/postgresql/15/postgresql.conf.sample"):
        file = tmp_path / "root/usr" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"\x7fELF" + path.encode())

    def built(_go: Path) -> Path:
        return tmp_path / "own"

    monkeypatch.setattr(program, "built", built)
    monkeypatch.setattr(guard, "python", lambda: tmp_path / "python")
    return {name: tmp_path / name for name in PROGRAMS}


@cache
def recorded(stack: str) -> Recorder:
    return record_platform(stack_settings(stack))


def containers(recorder: Recorder) -> Iterator[Mapping[str, Any]]:
    """Containers of every pod template."""
    for each in recorder.resources:
        template = each.inputs.get("spec", {}).get("template") if isinstance(each.inputs.get("spec"), dict) else None
        if template is not None:
            yield from template["spec"]["containers"]


def read(image: Image, name: str) -> Any:
    with tarfile.open(image.archive) as opened:
        file = opened.extractfile(name)
        assert file is not None
        return json.loads(file.read())


def config(image: Image) -> Any:
    return read(image, read(image, "manifest.json")[0]["Config"])["config"]


def files(image: Image) -> set[str]:
    """What is in the layers."""
    found: set[str] = set()
    with tarfile.open(image.archive) as opened:
        for name in read(image, "manifest.json")[0]["Layers"]:
            with tarfile.open(fileobj=opened.extractfile(name)) as layer:
                found |= set(layer.getnames())
    return found


@pytest.mark.parametrize("stack", STACKS)
def test_what_the_program_declares_is_wanted_and_nothing_else(stack: str) -> None:
    recorder = recorded(stack)
    declared = {each["image"] for each in containers(recorder)}
    declared |= {each.inputs["image"] for each in recorder.of("/container:Container")}
    declared |= {each.inputs["name"] for each in recorder.of("/remoteImage:RemoteImage")}

    assert len(declared) > 10
    own = {PAUSE, COREDNS, stack_settings(stack).guard.image}
    assert set(wanted(stack_settings(stack))) == declared | own


def test_a_selected_agent_and_candidates_are_wanted() -> None:
    settings = stack_settings("dev")
    services = dict(settings.releases.services)
    services["api"] = services["api"].model_copy(update={"canary": Candidate(image=SERVICE, percent=5)})
    changed = settings.model_copy(
        update={
            "releases": settings.releases.model_copy(update={"services": services}),
            "observability": settings.observability.model_copy(update={"agent": "promtail"}),
        }
    )

    assert set(wanted(changed)) - set(wanted(settings)) == {SERVICE, PROMTAIL.reference}
    assert set(wanted(settings)) - set(wanted(changed)) == {ALLOY.reference}


@pytest.mark.parametrize("stack", STACKS)
def test_every_wanted_image_can_be_made_of_what_is_asked_for(stack: str, have: Mapping[str, Path]) -> None:
    references = wanted(stack_settings(stack))
    needed = {name: have[name] for name in programs(references)}

    images = make(references, needed)

    assert [image.reference for image in images] == references
    assert all(image.archive.is_file() and config(image)["Entrypoint"] for image in images)
    assert {image.reference for image in images if not image.real} == {
        reference for reference in references if repository(reference) in STAND_INS
    }
    assert all(image.real is (image.unseen == "") is (image.program != "stand-in") for image in images)
    told = {image.reference: image.program for image in images}
    assert re.fullmatch(r"prometheus 3\.\d+\.\d+", told[PROMETHEUS.reference])
    assert told[TEMPO.reference] == "stand-in"


@pytest.mark.parametrize("stack", STACKS)
def test_what_asks_for_a_containers_health_is_in_its_image(stack: str, have: Mapping[str, Path]) -> None:
    checks = {
        each.inputs["image"]: "sh" if tests[0] == "CMD-SHELL" else tests[1]
        for each in recorded(stack).of("/container:Container")
        if (tests := each.inputs.get("healthcheck", {}).get("tests"))
    }
    # That of backups is this machine's own Python, as the guard's is: test_guard.py.
    checks = {reference: command for reference, command in checks.items() if not is_backup(reference)}
    images = {image.reference: image for image in make(checks, have)}
    assert len(checks) > 10
    for reference, command in checks.items():
        assert command in {path.rpartition("/")[2] for path in files(images[reference])}, reference


def test_probes_ask_stand_ins_for_what_they_answer() -> None:
    asked = 0
    for container in (each for stack in STACKS for each in containers(recorded(stack))):
        stand_in = STAND_INS.get(repository(container["image"]))
        if stand_in is None:
            continue
        probes = [container[kind] for kind in ("startupProbe", "readinessProbe", "livenessProbe")]
        paths = {probe["httpGet"]["path"] for probe in probes if "httpGet" in probe}
        ports = {port["containerPort"] for port in container["ports"]}
        given = {
            int(port) for port in re.findall(r"(?:port|addr)=(?:\S*:)?(\d+)", " ".join(container.get("args") or []))
        }
        assert paths <= set(stand_in.paths)
        assert ports <= {*stand_in.ports, *given}
        asked += 1
    assert asked >= 3 * len(STACKS)


def test_the_guard_is_run_as_the_dockerfile_says() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (?!--from)(\S+) \S+$", dockerfile, re.MULTILINE)

    assert {*guard.APP, "requirements.txt"} == set(copied)
    assert f"\nENTRYPOINT {json.dumps(list(GUARD.entrypoint))}\n" in dockerfile
    assert f"\nUSER {GUARD.user}\n" in dockerfile
    assert f"\nWORKDIR {GUARD.folder}\n" in dockerfile


def test_backups_are_run_as_their_dockerfile_says() -> None:
    dockerfile = (ROOT / "backup.Dockerfile").read_text()
    copied = re.findall(r"^COPY (?!--from)(\S+) \S+$", dockerfile, re.MULTILINE)

    assert {*guard.BACKUP_APP, "requirements.txt"} == set(copied)
    assert f"\nENTRYPOINT {json.dumps(list(BACKUP.entrypoint))}\n" in dockerfile
    assert f"\nUSER {BACKUP.user}\n" in dockerfile
    assert "--require-hashes" in dockerfile
    assert (
        re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)[1:] == ["docker.io/library/python:3.11.14-slim-trixie"] * 2
    )


def test_behaviour_is_in_the_environment_of_its_image_alone(have: Mapping[str, Path]) -> None:
    other = SERVICE.replace("shop", "cart")
    behaving, plain = make([SERVICE, other], have, {SERVICE: {"NEVER_READY": "1"}})

    assert config(behaving)["Env"] == ["PORT=3000", f"IMAGE={SERVICE}", "NEVER_READY=1"]
    assert config(plain)["Env"] == ["PORT=3000", f"IMAGE={other}"]
    assert make([SERVICE], have)[0].archive != behaving.archive


def test_an_archive_is_made_once_until_its_program_changes(have: Mapping[str, Path]) -> None:
    (first,) = make([PROMETHEUS.reference, PROMETHEUS.reference], have)
    made = first.archive.stat().st_mtime_ns
    (again,) = make([PROMETHEUS.reference], have)
    assert (again.archive, again.archive.stat().st_mtime_ns) == (first.archive, made)

    have["prometheus"].write_bytes(b"\x7fELFanother")
    (changed,) = make([PROMETHEUS.reference], have)
    assert changed.archive != first.archive
    assert first.archive.is_file(), "somebody may be loading it"

    long_ago = time.time() - 100_000
    os.utime(first.archive.parent, (long_ago, long_ago))
    make([PROMETHEUS.reference], have)
    assert not first.archive.exists()
    assert changed.archive.is_file()


def test_many_at_a_time_make_one(have: Mapping[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []

    def write(file: Path, tag: str, *more: Any) -> None:
        written.append(tag)
        archive.write(file, tag, *more)

    monkeypatch.setattr(making, "write", write)

    def both(_number: int) -> list[Image]:
        return make([PROMETHEUS.reference, SERVICE], have)

    with ThreadPoolExecutor(8) as pool:
        made = [image for images in pool.map(both, range(8)) for image in images]

    assert sorted(written) == sorted({image.tag for image in made})
    assert len({image.archive for image in made}) == 2
    assert {tarfile.is_tarfile(image.archive) for image in made} == {True}


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("docker.io/library/caddy:2", "nothing is known that could be in it: add docker.io/library/caddy to "),
        (PROMETHEUS.reference, "the program prometheus was not given"),
        (SERVICE, "the program go was not given"),
    ],
)
def test_what_cannot_be_made_is_said_in_one_sentence(reference: str, reason: str, have: Mapping[str, Path]) -> None:
    without = {name: path for name, path in have.items() if name not in {"prometheus", "go"}}

    with pytest.raises(ImageError, match=rf"^image {re.escape(reference)} cannot be made: {reason}[^\n]*$"):
        make([reference], without)


def test_a_program_that_is_gone_is_said(have: Mapping[str, Path], tmp_path: Path) -> None:
    have["prometheus"].unlink()

    with pytest.raises(ImageError, match=rf"{tmp_path}/prometheus: No such file or directory$"):
        make([PROMETHEUS.reference], have)


def test_a_program_that_is_linked_brings_its_libraries(have: Mapping[str, Path]) -> None:
    (image,) = make([PROMETHEUS.reference], {**have, "prometheus": Path(sys.executable)})

    assert image.program == f"prometheus {platform.python_version()}", "as it says itself"
    libraries = {Path("/", name) for name in files(image) if ".so" in name}
    assert libraries
    assert libraries == set(linked.libraries([Path(sys.executable)]))


def test_a_script_is_no_program(have: Mapping[str, Path]) -> None:
    have["prometheus"].write_text("#!/bin/sh\n")

    with pytest.raises(ImageError, match="prometheus is a script: put the program itself on PATH, or none, so that "):
        make([PROMETHEUS.reference], have)
