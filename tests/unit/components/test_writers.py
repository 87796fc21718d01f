"""Resources that write one remote document do so one after another (no server: on a recording stand-in).

The engine runs what does not depend on each other at the same time. Where a server keeps what several resources set in
one document, reads it and writes it back as a whole, one of them is lost without an error: MinIO does with a bucket.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations, pairwise
from typing import Any

import pytest

from tests.recording import STACKS, Declared, Recorder, record_platform, stack_settings

Document = tuple[Any, ...]

_MINIO = "minio:index/"
_PROXMOX = "proxmoxve:index/"

_WRITTEN: Mapping[str, Callable[[Mapping[str, Any]], Document]] = {
    # Quota, versions, encryption, lifecycle, policy, notifications and lock of a bucket: one `.metadata.bin`.
    f"{_MINIO}s3Bucket": lambda inputs: ("bucket", inputs["bucket"]),
    "pulumi-python:dynamic/storage:BucketLock": lambda inputs: ("bucket", inputs["bucket"]),
    f"{_MINIO}ilmPolicy:": lambda inputs: ("bucket", inputs["bucket"]),
    f"{_MINIO}iamUser:": lambda inputs: ("storage user", inputs["name"]),
    f"{_MINIO}iamUserPolicyAttachment:": lambda inputs: ("storage user", inputs["userName"]),
    f"{_MINIO}iamServiceAccount:": lambda inputs: ("storage user", inputs["targetUser"]),
    f"{_MINIO}iamPolicy:": lambda inputs: ("storage policy", inputs["name"]),
    # A guest is one file; that of pools is the cluster's, which takes a lock for each change of it.
    f"{_PROXMOX}vmLegacy:": lambda inputs: ("guest", inputs["vmId"]),
    f"{_PROXMOX}containerLegacy:": lambda inputs: ("guest", inputs["vmId"]),
    "proxmoxve:firewall/": lambda inputs: ("firewall", inputs.get("vmId"), inputs.get("containerId")),
    "proxmoxve:cluster/firewallLegacy:": lambda _inputs: ("firewall", "cluster"),
    f"{_PROXMOX}poolLegacy:": lambda inputs: ("pool", inputs["poolId"]),
    f"{_PROXMOX}fileLegacy:": lambda inputs: (
        inputs["nodeName"],
        inputs["datastoreId"],
        inputs["sourceRaw"]["fileName"],
    ),
    "proxmoxve:download/file:": lambda inputs: (inputs["nodeName"], inputs["datastoreId"], inputs["fileName"]),
    "command:remote:": lambda inputs: ("machine", inputs["connection"]["host"]),
    # A name server applies each update whole, and what it replaces is one record set.
    "pulumi-python:dynamic/dns:Record": lambda inputs: ("records", inputs["zone"], inputs["name"], inputs["type"]),
    # Coolify's API keeps each object by itself; a variable is one of its application's.
    "pulumi-python:dynamic/coolify:": lambda inputs: ("coolify", *sorted(map(repr, inputs.items()))),
    "kubernetes:": lambda inputs: (inputs.get("kind"), *map(inputs.get("metadata", inputs).get, ("namespace", "name"))),
}
"""What a resource writes, by the beginning of its type token."""

_MEMORIES = tuple(f"pulumi-python:dynamic/{each}" for each in ("kubernetes:", "services:Ledger", "database:"))
_NOTHING = ("luxima:", "pulumi:providers:", "random:", *_MEMORIES, "docker:")
"""What writes nothing remote, or (an engine's images and containers) only what a second writer is refused."""
_ONLY_READS = "-host-key"
"""End of the name of a command that changes nothing where it runs."""


def _writers(recorder: Recorder) -> Iterator[tuple[Document, Declared]]:
    for each in recorder.resources:
        if each.type.startswith(_NOTHING) or each.name.endswith(_ONLY_READS):
            continue
        of_type = [document for prefix, document in _WRITTEN.items() if each.type.startswith(prefix)]
        assert len(of_type) == 1, f"say in _WRITTEN which remote document {each.type} writes ({each.name})"
        yield of_type[0](each.inputs), each


def _together(recorder: Recorder) -> list[str]:
    """Resources that write one document and of which none waits for the other."""
    writers: dict[Document, list[Declared]] = {}
    for document, each in _writers(recorder):
        writers.setdefault(document, []).append(each)
    return [
        f"{one.name} and {other.name} write {document} at the same time"
        for document, found in writers.items()
        for one, other in combinations(found, 2)
        if one.identity not in recorder.before(other) and other.identity not in recorder.before(one)
    ]


@pytest.mark.parametrize("stack", STACKS)
def test_nothing_remote_is_written_by_two_at_the_same_time(stack: str) -> None:
    assert _together(record_platform(stack_settings(stack))) == []


@pytest.mark.parametrize("stack", STACKS)
def test_settings_of_a_bucket_are_made_in_one_order(stack: str) -> None:
    recorder = record_platform(stack_settings(stack))
    order = ["bucket", "versioning", "encryption", "lifecycle"]
    for bucket in stack_settings(stack).storage.buckets:
        made = [each for each in recorder.resources if each.name in {f"storage-{bucket}-{part}" for part in order}]
        made.sort(key=lambda each: order.index(each.name.rpartition("-")[2]))
        for one, other in pairwise(made):
            assert one.identity in recorder.waits[other.identity], (one.name, other.name)
