"""The table and the files it points to say the same."""

import importlib.metadata
import re
import shutil
from pathlib import Path

import pytest

from tools.errors import ToolError
from tools.sources import GO, GoFiles, GoModule, PythonWheel, needed_go
from tools.table import PROGRAMS, program

COMPILED = [name for name, entry in PROGRAMS.items() if isinstance(entry.source, GoModule)]


@pytest.mark.parametrize("name", COMPILED)
def test_a_compiled_program_is_pinned_with_all_it_is_made_of(name: str) -> None:
    entry = PROGRAMS[name]
    assert isinstance(entry.source, GoModule)
    manifest = (entry.source.path / "go.mod").read_text()
    sums = (entry.source.path / "go.sum").read_text()

    assert re.search(rf"^(tool |module |\t){re.escape(entry.package)}$", manifest, re.MULTILINE)
    assert f"{entry.source.module} {entry.source.version} h1:" in sums


def test_files_of_a_module_are_pinned_by_its_sum() -> None:
    entry = PROGRAMS["cert-manager-crds"]
    assert isinstance(entry.source, GoFiles)
    sums = (entry.source.path / "go.sum").read_text()

    assert f"{entry.source.module} {entry.source.version} h1:" in sums
    assert entry.source.key.startswith(entry.source.version.removeprefix("v"))


def test_every_pinned_module_belongs_to_a_program() -> None:
    used = {entry.source.name for entry in PROGRAMS.values() if isinstance(entry.source, GoModule | GoFiles)}

    assert used == {path.parent.name for path in GO.glob("*/go.mod")}


def test_the_go_that_pypi_gives_builds_every_module() -> None:
    wheel = PROGRAMS["go"].source
    assert isinstance(wheel, PythonWheel)

    assert wheel.numbers >= needed_go()


@pytest.mark.parametrize("changed", ["go.mod", "go.sum"])
def test_the_cache_key_changes_with_what_is_pinned(
    changed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(GO / "etcd", tmp_path / "etcd")
    before = PROGRAMS["etcd"].key
    monkeypatch.setattr("tools.sources.GO", tmp_path)
    same = PROGRAMS["etcd"].key
    with (tmp_path / "etcd" / changed).open("a") as file:
        file.write("\n// changed\n")

    assert same == before
    assert PROGRAMS["etcd"].key != before
    assert before.startswith(f"etcd-{PROGRAMS['etcd'].source.version.removeprefix('v')}-")


def test_a_main_package_of_our_own_goes_into_the_cache_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(GO / "pulumi-kubernetes", tmp_path / "pulumi-kubernetes")
    before = PROGRAMS["pulumi-resource-kubernetes"].key
    monkeypatch.setattr("tools.sources.GO", tmp_path)
    with (tmp_path / "pulumi-kubernetes" / "main.go").open("a") as file:
        file.write("\n// changed\n")

    assert PROGRAMS["pulumi-resource-kubernetes"].key != before


def test_the_plugin_says_the_version_of_the_sdk_that_speaks_to_it() -> None:
    main = (GO / "pulumi-kubernetes" / "main.go").read_text()

    assert f'provider.Serve("kubernetes", "{importlib.metadata.version("pulumi-kubernetes")}"' in main


def test_a_module_that_is_not_required_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "etcd").mkdir()
    (tmp_path / "etcd" / "go.mod").write_text("module tools/etcd\n")
    monkeypatch.setattr("tools.sources.GO", tmp_path)

    with pytest.raises(ToolError, match=r"go\.mod does not require go\.etcd\.io/etcd/server/v3: give it a version"):
        _ = PROGRAMS["etcd"].source.version


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ToolError, match=r"^mimio is none of the third-party programs: choose from pulumi, minio"):
        program("mimio")
