"""The size of volumes, of which the state remembers the first one (no engine, no server)."""

import re
from typing import Any

import pytest

from components.kubernetes.volume_size import VolumeSizeProvider
from tests.recording import ROOT, STACKS, Recorder, record_platform, stack_settings

SEEN: dict[str, Any] = {"program": "prometheus", "gib": 25.0}


@pytest.mark.parametrize("olds", [{}, SEEN])
def test_the_first_size_is_any_and_then_it_is_the_one(olds: dict[str, Any]) -> None:
    assert not VolumeSizeProvider().check(olds, {**SEEN}).failures
    assert not VolumeSizeProvider().diff("volume-size", olds, {**SEEN}).changes


@pytest.mark.parametrize("gib", [24.0, 40.0])
def test_another_size_is_refused_before_anything_is_touched(gib: float) -> None:
    (failure,) = VolumeSizeProvider().check(SEEN, {**SEEN, "gib": gib}).failures
    assert failure.property == "gib"
    assert (
        f"of StatefulSet prometheus are 25Gi and cannot become {gib:g}Gi: set volume_gib back to 25" in failure.reason
    )


def test_no_stateful_set_is_touched_before_its_size_was_judged() -> None:
    recorder = record_platform(stack_settings("prod"))
    sizes = {each.inputs["program"]: each for each in recorder.of("kubernetes:VolumeSize")}
    found = recorder.of("apps/v1:StatefulSet")
    assert len(found) == len(sizes) > 3
    for each in found:
        size = sizes[each.inputs["metadata"]["name"]]
        (claim,) = each.inputs["spec"]["volumeClaimTemplates"]
        assert claim["spec"]["resources"]["requests"]["storage"] == f"{size.inputs['gib']}Gi"
        assert size.identity in recorder.before(each)


def _keeping(recorder: Recorder) -> set[str]:
    """Names of what has data of its own on a machine: by a claim, or by a volume of a Docker host."""
    sets = {each.inputs["metadata"]["name"] for each in recorder.of("apps/v1:StatefulSet")}
    # Volumes with files from the program are called after these.
    return sets | {
        each.inputs["name"]
        for each in recorder.of("/container:Container")
        if each.inputs.get("start", True)
        for mount in each.inputs.get("mounts", ())
        if mount["type"] == "volume"
        and isinstance(mount["source"], str)
        and "-files-" not in mount["source"]
        and not mount.get("readOnly")
    }


def test_the_guide_says_of_everything_that_keeps_data_what_a_node_takes_with_it() -> None:
    keeping = {name for stack in STACKS for name in _keeping(record_platform(stack_settings(stack)))}
    rows = re.findall(
        r"^\| `([a-z-]+)` \|", (ROOT / "docs/how-to/volumes.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted(keeping) == sorted(rows)
