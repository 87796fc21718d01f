"""How documents and secrets become files of a pod."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.pod import Files, Mount


@dataclass(frozen=True)
class Placed:
    """A folder of files, and what has to exist before a pod can mount it."""

    mount: Mount
    """The folder."""
    resources: list[pulumi.Resource]
    """The ConfigMap, and the Secret if there is one."""


def place(
    name: str,
    namespace: str,
    workload: str,
    path: str,
    documents: Mapping[str, str],
    secrets: Mapping[str, pulumi.Input[str]],
    parent: pulumi.Resource,
) -> Placed:
    """Put documents, and secrets below `secrets/`, into one folder of a pod.

    The ConfigMap's name ends with a hash of its content, so that a change rolls the pods and an old pod keeps what it
    started with. The Secret keeps its name: programs read its files anew whenever they need them.

    Args:
        name: Start of the resources' names.
        namespace: Where the pods are.
        workload: Start of the objects' names.
        path: The folder in the container.
        documents: Texts by path below it.
        secrets: Values by file name; secret.
        parent: The component that the resources belong to.
    """
    child = pulumi.ResourceOptions(parent=parent)
    keys = {path.replace("/", "__"): path for path in sorted(documents)}
    data = {key: documents[path] for key, path in keys.items()}
    digest = hashlib.sha256(repr(sorted(data.items())).encode()).hexdigest()[:10]
    labels = {"app.kubernetes.io/part-of": "luxima", "app.kubernetes.io/name": workload}
    config_map = f"{workload}-{digest}"
    made: list[pulumi.Resource] = [
        k8s.core.v1.ConfigMap(
            f"{name}-documents",
            metadata=k8s.meta.v1.ObjectMetaArgs(name=config_map, namespace=namespace, labels=labels),
            data=data,
            immutable=True,
            opts=child,
        )
    ]
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
    return Placed(Mount("config", path, Files({config_map: keys}, files)), made)
