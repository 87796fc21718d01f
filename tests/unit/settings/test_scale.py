"""A thousand services: what the engine hands to its plugins stays small, whatever their number."""

import json
from pathlib import Path

import pytest

from sandbox import overlay
from sandbox.layout import Layout
from sandbox.verbs.session import stand_ins
from settings.loading import check
from tests.bench import scale

_MOST = 128 * 1024
"""Bytes that Linux takes for one environment variable; the engine hands the configuration over in one."""


_PODS_PER_NODE = 110


@pytest.mark.parametrize("count", [0, 100, 1000])
def test_the_engines_variable_has_room_for_the_configuration(count: int, tmp_path: Path) -> None:
    root = scale.make(tmp_path / "checkout", count)
    config = overlay.read_config(Layout(scale.STACK, root))
    variable = f"PULUMI_CONFIG={json.dumps(overlay.flat(config, stand_ins(config)))}"
    assert len(variable.encode()) < _MOST / 4
    settings = check(scale.STACK, root)
    assert len(settings.services) == count + 5
    assert len(settings.objectives) == 2 * count + 8
    agents = [name for name in settings.compute.vms if name.startswith("k3s-agent")]
    pods = {space.quota.pods for space in settings.kubernetes.namespaces.values()}
    assert max(pods) <= len(agents) * _PODS_PER_NODE, "namespace-quota refuses it"
