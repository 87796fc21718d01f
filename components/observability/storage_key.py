"""Keys of the object storage as the variables that every S3 client reads by itself."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.observability.workload_context import WorkloadContext


@dataclass(frozen=True)
class StorageKey:
    """A key of the object storage."""

    access_key: pulumi.Output[str]
    """Id of the key."""
    secret_key: pulumi.Output[str]
    """The key itself; secret."""


@dataclass(frozen=True)
class KeySecret:
    """A Secret with a key of the object storage."""

    name: str
    """Name of the Secret."""
    keys: tuple[str, ...]
    """Its keys, which are also the variables."""
    annotations: Mapping[str, pulumi.Input[str]]
    """Annotations of the pods: the Secret's name stays, so a new key rolls them by its id."""
    resource: pulumi.Resource
    """The Secret."""


def key_secret(context: WorkloadContext, workload: str, key: StorageKey) -> KeySecret:
    """The Secret of one program."""
    values = {"AWS_ACCESS_KEY_ID": key.access_key, "AWS_SECRET_ACCESS_KEY": key.secret_key}
    name = f"{workload}-storage"
    secret = k8s.core.v1.Secret(
        f"{context.prefix}-{workload}-storage-key",
        metadata=k8s.meta.v1.ObjectMetaArgs(name=name, namespace=context.namespace, labels=context.labels(workload)),
        type="Opaque",
        string_data=values,
        opts=context.child,
    )
    return KeySecret(name, tuple(values), {"luxima.id/storage-key-id": key.access_key}, secret)
