"""A step asks the real engine for little: it finds the same changes, and leaves what the whole program would.

Providers are recorded ones, so that no server is needed.
"""

import datetime
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from release import changes, resources
from release.pulumi_engine import Change, PulumiEngine
from release.pulumi_engine.known import KnownResources
from release.state import ReleaseFile, rendered
from sandbox.layout import ROOT
from settings.loading import check
from tests.bench.workbench import Workbench

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(1200)]

STACK, SERVICE = "dev", "storefront"


def checkout(folder: Path) -> Path:
    """One whose service has a verified image in its idle slot."""
    folder.mkdir()
    for name in ("__main__.py", "Pulumi.yaml", f"Pulumi.{STACK}.yaml"):
        shutil.copyfile(ROOT / name, folder / name)
    for name in ("releases", "services"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "policy").symlink_to(ROOT / "policy")
    path = folder / "releases" / f"{STACK}.yaml"
    file = yaml.safe_load(path.read_text(encoding="utf-8"))
    slots = file["services"][SERVICE]["slots"]
    slots["green"] = {"image": slots["blue"]["image"][:-64] + "a" * 64, "standing": "verified"}
    path.write_text(yaml.safe_dump(file), encoding="utf-8")
    return folder


def test_a_switch_finds_and_leaves_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = checkout(tmp_path / "checkout")
    (tmp_path / "engine").mkdir()
    bench = Workbench(tmp_path / "engine", STACK, root)
    bench.run("up", bench.platform, at_the_end=True)
    for name in [name for name in os.environ if name.startswith("PULUMI_")]:
        monkeypatch.delenv(name)
    for name, value in bench.environment().items():
        monkeypatch.setenv(name, value)
    asked: set[str] = set()
    monkeypatch.setattr(KnownResources, "_ask", _noted(asked))

    file, settings = ReleaseFile(root, STACK).read(), check(STACK, root)
    switched = changes.switch(file.releases, SERVICE, datetime.datetime.now(datetime.UTC), 30)
    text = rendered(file.text, switched)
    # The recorded provider has not the record's own way to tell what differs.
    targets = [
        replace(resources.public_record(SERVICE), keys=None),
        resources.guard(settings, SERVICE),
        resources.ledger(),
    ]
    little, whole = engine(bench, root, tmp_path), engine(bench, root, tmp_path, whole=True)
    found = little.preview(text, targets)
    assert not vars(little)["_whole"], (tmp_path / "dev.log").read_text(encoding="utf-8")
    assert not [
        urn for urn in asked if any(kind in urn for kind in ("minio:", "proxmoxve:", "command:", "docker:index"))
    ]
    assert told(found) == told(whole.preview(text, targets))
    assert {"update dns-public-service-storefront (records, switchedAt)", "create guard-storefront-guard-job"} <= told(
        found
    )

    assert told(little.update(text, found)) == told(found)
    assert whole.preview(text, targets) == []
    assert engine(bench, root, tmp_path).revision() == switched.revision


def engine(bench: Workbench, root: Path, folder: Path, *, whole: bool = False) -> PulumiEngine:
    made = PulumiEngine(root, bench.project, STACK, folder / "dev.log")
    vars(made)["_whole"] = whole
    return made


def told(found: list[Change]) -> set[str]:
    return {str(change) for change in found}


def _noted(asked: set[str]) -> object:
    real = KnownResources._ask  # pyright: ignore[reportPrivateUsage] - what it asks the engine for is looked at

    def ask(self: KnownResources, urn: str) -> object:
        asked.add(urn)
        return real(self, urn)

    return ask
