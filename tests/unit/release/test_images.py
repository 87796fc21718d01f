"""The images of this repository: each is pushed before the stack's file names it, by its digest and not otherwise."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from release.docker import Docker
from release.errors import ReleaseError
from release.images import DEPLOYER, IMAGES, main, publish
from settings.loading import check
from settings.report import SettingsError
from tests.recording import ROOT, stack_settings
from tests.unit.settings.stacks import files_of

DIGEST = f"sha256:{'7' * 64}"


@dataclass(frozen=True)
class Builder(Docker):
    """Docker that has pushed to another registry before."""

    command: tuple[str, ...] = ()
    told: list[str] = field(default_factory=list[str])
    digest: str = f"@{DIGEST}"
    fails_at: str = "nothing"

    def run(self, *arguments: str) -> str:
        line = " ".join(arguments)
        if self.fails_at in line:
            raise ReleaseError(f"docker {line}: ended here")
        self.told.append(line.replace(f"{ROOT}/", ""))
        name = arguments[-1].rpartition(":")[0]
        return f"elsewhere.example/x@sha256:{'8' * 64}\n{name}{self.digest}\n" if "inspect" in line else ""


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    for path in files_of("prod"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    return tmp_path


def test_each_is_built_pushed_and_named_by_its_digest(copied: Path) -> None:
    docker, said = Builder(), list[str]()
    publish(stack_settings("prod"), copied, "abc", docker, said.append)
    settings = check("prod", copied)
    assert (settings.guard.image, settings.backup.image) == tuple(
        f"registry.luxima.id/{repository}@{DIGEST}" for repository in IMAGES
    )
    assert [each.split()[0] for each in docker.told] == ["build", "push", "image"] * len(IMAGES)
    assert all((ROOT / recipe).is_file() for recipe, _ in IMAGES.values())
    assert said[0] == f"Pulumi.prod.yaml: luxima:guard.image is registry.luxima.id/luxima/release@{DIGEST}"


def test_a_stack_with_coolify_is_told_what_its_applications_begin_with(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Pulumi.staging.yaml", tmp_path)
    docker, said = Builder(), list[str]()
    publish(stack_settings("staging"), tmp_path, "abc", docker, said.append)
    assert said[-1].endswith(f"begin with: FROM registry.staging.luxima.id/{DEPLOYER[0]}@{DIGEST}")
    assert docker.told[-3].startswith(f"build --quiet --file {tmp_path}/{DEPLOYER[1]} --tag")


@pytest.mark.parametrize("docker", [Builder(fails_at="push"), Builder(digest=":abc")], ids=["refused", "no digest"])
def test_what_was_not_pushed_is_not_named(copied: Path, docker: Builder) -> None:
    before = (copied / "Pulumi.prod.yaml").read_text()
    with pytest.raises(ReleaseError, match=r"ended here|knows no digest of registry.luxima.id/luxima/release:abc"):
        publish(stack_settings("prod"), copied, "abc", docker, print)
    assert (copied / "Pulumi.prod.yaml").read_text() == before


def test_a_file_that_has_no_place_for_it_is_told(copied: Path) -> None:
    file = copied / "Pulumi.prod.yaml"
    lines = [line for line in file.read_text().splitlines(keepends=True) if "/luxima/backup@" not in line]
    file.write_text("".join(lines))
    with pytest.raises(
        ReleaseError,
        match=r"has no image under luxima:backup; add this line there, then run it again: image: registry.luxima.id",
    ):
        publish(stack_settings("prod"), copied, "abc", Builder(), print)
    assert f"luxima/release@{DIGEST}" in file.read_text()


@pytest.mark.parametrize("repository", IMAGES)
def test_a_tag_is_refused_before_anything_is_built(
    repository: str, copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = copied / "Pulumi.prod.yaml"
    old, rest = file.read_text().split(f"/{repository}@sha256:")
    file.write_text(f"{old}/{repository}:latest{rest[64:]}")
    with pytest.raises(SettingsError, match=f"{IMAGES[repository][1]}.image: .*latest.* an image by digest"):
        check("prod", copied)
    assert main(["--stack", "prod", "--root", str(copied)]) == 1
    assert "an image by digest" in capsys.readouterr().err
