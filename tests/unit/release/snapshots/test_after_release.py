"""A release stands even if its snapshot cannot be made; this uses neither a server nor the simulated API."""

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from release.connections import Connections
from release.errors import Interrupted, ReleaseError
from release.flows.snapshot import after_release
from release.snapshots.hypervisor import Hypervisor
from release.snapshots.making import Making
from tests.recording import stack_settings
from tests.unit.release.snapshots.room import NOW


@pytest.mark.parametrize("error", [ReleaseError("Proxmox is away"), None, Interrupted("stopped")])
def test_a_release_stands_whatever_becomes_of_its_snapshot(
    tmp_path: Path, error: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    settings = stack_settings("prod")

    def fails(_making: Making) -> None:
        if error is not None:
            raise error

    def prunes(_making: Making) -> None:
        said.append("pruned")

    def nothing(**_: object) -> None:
        pass

    monkeypatch.setattr(Making, "make", fails)
    monkeypatch.setattr(Making, "prune", prunes)
    making = Making(cast("Hypervisor", None), settings, "prod", settings.releases, said.append, lambda: NOW)
    connections = SimpleNamespace(
        options=SimpleNamespace(dry_run=False, root=tmp_path, stack="prod", who="tests"),
        settings=settings,
        say=said.append,
        now=lambda: NOW,
        snapshots=lambda: making,
        manifests=lambda: SimpleNamespace(keep=nothing, prune=nothing),
    )
    left = "the release is done; its snapshot is not: `release snapshot` goes on with it"
    if isinstance(error, Interrupted):
        with pytest.raises(Interrupted, match=left):
            after_release(cast("Connections", connections))
    else:
        after_release(cast("Connections", connections))
        assert said == (["pruned"] if error is None else [f"{left}. {error}"])
