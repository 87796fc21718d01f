"""The reference of the stand-ins: its tests exist, and it lists what the stacks declare, no more and no less."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

import pytest

from sandbox.providers import reference
from sandbox.providers.official import Claim
from tests.recording import STACKS, on_shared_storage, record_platform, stack_settings

_PACKAGES = ("proxmoxve:", "minio:", "random:", "docker:")
_BY_SETTING = {("proxmoxve:download/file:File", "checksum"), ("proxmoxve:download/file:File", "checksumAlgorithm")}
"""Inputs that no committed stack has, and that a setting gives (`cloud_image.sha512`)."""


def _paths(value: Any, at: str = "") -> Iterator[str]:
    """Every path of a value, as rules name them."""
    yield at
    if isinstance(value, Mapping):
        for key, item in cast("Mapping[str, Any]", value).items():
            yield from _paths(item, f"{at}.{key}".lstrip("."))
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from _paths(item, f"{at}[]")


@pytest.fixture(scope="module")
def declared() -> dict[str, list[Mapping[str, Any]]]:
    """The inputs of every resource of all stacks that a stand-in would get, by type."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    # No committed stack has storage that all nodes share.
    for settings in (*map(stack_settings, STACKS), on_shared_storage("docker-1", "docker-2")):
        for resource in record_platform(settings).resources:
            if resource.type.startswith(_PACKAGES):
                found.setdefault(resource.type, []).append(resource.inputs)
    return found


def test_every_type_that_a_stack_declares_is_driven_and_listed_and_no_other(declared: Mapping[str, Any]) -> None:
    assert set(reference.handlers()) == set(reference.TYPES) == set(declared)


@pytest.mark.parametrize("token", sorted(reference.TYPES))
def test_every_input_that_is_taken_is_declared_by_a_stack(
    token: str, declared: Mapping[str, list[Mapping[str, Any]]]
) -> None:
    given = {path for inputs in declared[token] for path in _paths(inputs)}
    taken = reference.handlers()[token].rules
    unused = [
        path
        for path in taken
        if (token, path) not in _BY_SETTING
        and not any(re.fullmatch(re.escape(path).replace(r"\*", ".+"), known) for known in given)
    ]
    assert unused == []


@pytest.mark.parametrize("token", sorted(reference.TYPES))
def test_what_replaces_and_what_is_needed_are_inputs_that_are_taken(token: str) -> None:
    handler = reference.handlers()[token]
    for path in (*handler.replacing, *handler.needed):
        assert any(f"{known}.".startswith(f"{path}.") or known.startswith(f"{path}[") for known in handler.rules), path


def test_a_claim_without_its_test_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    reference.page()
    for name in ("tests/unit/sandbox/providers/test_random.py::test_none", "tests/unit/none.py::test_none"):
        gone = dict.fromkeys(["x"], Claim("the same", name))
        monkeypatch.setattr(reference.official_proxmoxve, "SERVER", gone)
        with pytest.raises(reference.MissingTestError, match=f"name the test {name}, which is not there"):
            reference.page()
