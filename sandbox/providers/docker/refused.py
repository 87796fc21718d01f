"""What the Docker engine refuses of a container, so that a host without an engine refuses it as well.

tests/e2e/docker shows each of these to a real engine.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from sandbox.providers.base import Properties

LEAST_MIB: Final = 6
"""Memory that the engine starts a container with at least."""
NAME: Final = re.compile("[a-zA-Z0-9][a-zA-Z0-9_.-]+")


def refused(inputs: Properties) -> Iterator[tuple[str, str]]:
    """Path and reason of each input that the engine would not take; what is not known yet is not judged."""
    for check in (_name, _uploads, _memory, _mounts, _ports):
        yield from check(inputs)


def _name(inputs: Properties) -> Iterator[tuple[str, str]]:
    name = inputs.get("name")
    if isinstance(name, str) and NAME.fullmatch(name) is None:
        yield "name", "is no name that the engine takes: two characters at least, letters, digits and _ . -"


def _uploads(inputs: Properties) -> Iterator[tuple[str, str]]:
    if inputs.get("uploads") and inputs.get("readOnly") is True:
        yield "uploads", "cannot be: the container's root is read-only, and the engine refuses a copy into it"


def _memory(inputs: Properties) -> Iterator[tuple[str, str]]:
    memory, swap = inputs.get("memory"), inputs.get("memorySwap")
    if isinstance(memory, int) and 0 < memory < LEAST_MIB:
        yield "memory", f"is less than {LEAST_MIB} MiB, which the engine asks for"
    if isinstance(swap, int) and swap > 0:
        if not memory:
            yield "memorySwap", "is of no use without memory, and the engine refuses it"
        elif isinstance(memory, int) and swap < memory:
            yield "memorySwap", "is less than memory, which is a part of it"


def _mounts(inputs: Properties) -> Iterator[tuple[str, str]]:
    taken: dict[str, str] = {}
    for index, mount in enumerate(_tables(inputs.get("mounts"))):
        target, source, where = mount.get("target"), mount.get("source"), f"mounts[{index}]"
        if isinstance(target, str):
            path = posixpath.normpath(target)
            if not target.startswith("/") or path == "/":
                yield f"{where}.target", "has to be an absolute path, and not the root"
            elif path in taken:
                yield f"{where}.target", f"is the place of {taken[path]} already"
            taken.setdefault(path, where)
        if mount.get("type") == "bind" and isinstance(source, str) and not source.startswith("/"):
            yield f"{where}.source", "has to be an absolute path"
        if mount.get("type") != "bind" and mount.get("bindOptions"):
            yield f"{where}.bindOptions", "are for type bind only"


def _ports(inputs: Properties) -> Iterator[tuple[str, str]]:
    if inputs.get("networkMode") == "host" and inputs.get("ports"):
        yield "ports", "are not published in the host's own network"


def _table(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _tables(value: Any) -> list[Mapping[str, Any]]:
    return [_table(each) for each in cast("list[Any]", value)] if isinstance(value, list) else []
