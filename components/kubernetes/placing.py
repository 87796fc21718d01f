"""How documents and secrets become files of a pod."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.files import Files
from components.kubernetes.pod import Mount

BYTES: Final = 1_000_000
"""Documents of one ConfigMap together; the API server takes 1 MiB."""


@dataclass(frozen=True)
class Placed:
    """A folder of files, and what has to exist before a pod can mount it."""

    mount: Mount
    """The folder."""
    resources: list[pulumi.Resource]
    """The ConfigMaps, and the Secret if there is one."""


def place(
    name: str,
    namespace: str,
    workload: str,
    path: str,
    documents: Mapping[str, str],
    secrets: Mapping[str, pulumi.Input[str]],
    parent: pulumi.Resource,
    *,
    read_anew: Mapping[str, str] | None = None,
) -> Placed:
    """Put documents, and secrets below `secrets/`, into one folder of a pod.

    The documents are in as few ConfigMaps as they fit into. A ConfigMap's name ends with a hash of its content, so that
    a change rolls the pods and an old pod keeps what it started with. What the program reads anew by itself, and the
    Secret, keep their names: a change of them is a change of the files.

    Args:
        name: Start of the resources' names.
        namespace: Where the pods are.
        workload: Start of the objects' names.
        path: The folder in the container.
        documents: Texts by path below it.
        secrets: Values by file name; secret.
        parent: The component that the resources belong to.
        read_anew: Texts by path below it that the program reads again whenever they change; no pod is rolled for them.
    """
    child = pulumi.ResourceOptions(parent=parent)
    labels = {"app.kubernetes.io/part-of": "luxima", "app.kubernetes.io/name": workload}
    made: list[pulumi.Resource] = []
    mounted: dict[str, Mapping[str, str]] = {}

    def config_maps(resource: str, texts: Mapping[str, str], *, rolls: bool) -> None:
        keys = {path.replace("/", "__"): path for path in sorted(texts)}
        for number, data in enumerate(_parts({key: texts[path] for key, path in keys.items()}), 1):
            digest = hashlib.sha256(repr(sorted(data.items())).encode()).hexdigest()[:10]
            more = "" if number == 1 else f"-{number}"
            called = f"{workload}-{digest}" if rolls else f"{workload}-read-anew{more}"
            metadata = k8s.meta.v1.ObjectMetaArgs(name=called, namespace=namespace, labels=labels)
            made.append(
                k8s.core.v1.ConfigMap(f"{resource}{more}", metadata=metadata, data=data, immutable=rolls, opts=child)
            )
            mounted[called] = {key: keys[key] for key in data}

    config_maps(f"{name}-documents", documents, rolls=True)
    config_maps(f"{name}-read-anew", read_anew or {}, rolls=False)
    files: dict[str, Mapping[str, str]] = {}
    if secrets:
        files = {f"{workload}-secrets": {key: f"secrets/{key}" for key in secrets}}
        made.append(
            k8s.core.v1.Secret(
                f"{name}-secrets",
                metadata=k8s.meta.v1.ObjectMetaArgs(name=f"{workload}-secrets", namespace=namespace, labels=labels),
                type="Opaque",
                string_data=dict(secrets),
                opts=child,
            )
        )
    return Placed(Mount("config", path, Files(mounted, files)), made)


def _parts(data: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The entries in their order, in parts of at most `BYTES`; one that is larger has a part of its own."""
    part: dict[str, str] = {}
    size = 0
    for key, text in data.items():
        length = len(text.encode())
        if part and size + length > BYTES:
            yield part
            part, size = {}, 0
        part[key] = text
        size += length
    if part:
        yield part
