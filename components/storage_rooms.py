"""The object storage: its server where the stack brings one, its buckets, and the snapshots of etcd in one of them."""

from collections.abc import Mapping

import pulumi

from components.compute import ComputeCluster
from components.edge import Certificates
from components.kubernetes import EtcdSnapshots, EtcdSnapshotsArgs
from components.storage import Node, ObjectStorage, ObjectStorageArgs, Place, ServerArgs, servers
from settings import Settings
from settings.storage_server import HOST, node_host


def object_storage(
    settings: Settings,
    secrets: Mapping[str, pulumi.Output[str]],
    compute: ComputeCluster,
    certificates: Certificates,
) -> ObjectStorage:
    """Make the stack's buckets, after their server if the stack brings one.

    Args:
        settings: Settings of the stack.
        secrets: Those that the settings need, by key.
        compute: The machines.
        certificates: Who signs.
    """
    return ObjectStorage(
        "storage",
        ObjectStorageArgs(settings.storage, settings.retention, secrets["minioRootPassword"]),
        pulumi.ResourceOptions(depends_on=_server(settings, secrets, compute, certificates)),
    )


def _server(
    settings: Settings,
    secrets: Mapping[str, pulumi.Output[str]],
    compute: ComputeCluster,
    certificates: Certificates,
) -> list[pulumi.Resource]:
    """Make the object storage's server, if the stack brings one; returns what its buckets wait for."""
    storage = settings.storage
    if not storage.server.brought:
        return []
    pair = certificates.machines[HOST]
    hosts = [compute.docker_hosts[name] for name in storage.server.hosts]
    made = servers(
        "storage-server",
        ServerArgs(
            memory_mib=storage.server.memory_mib,
            host=hosts[0].hostname,
            environment=settings.environment.label,
            address=hosts[0].address,
            region=storage.region,
            root_user=storage.root_user,
            root_password=secrets["minioRootPassword"],
            kms_key=storage.kms_key,
            kms_secret=secrets["minioKmsKey"],
            certificate=pair.certificate,
            private_key=pair.key,
            authority=certificates.authority if len(hosts) > 1 else None,
        ),
        [
            Place(
                Node(host.hostname, settings.environment.core_fqdn(node_host(host.hostname)), host.address),
                host.provider,
                compute.vms[host.hostname].login,
            )
            for host in hosts
        ],
    )
    # Nobody asks one that stands beside the server that the buckets are on.
    return [made[-1].container] if storage.server.mode == "deployed" else []


def etcd_snapshots(
    settings: Settings, storage: ObjectStorage, certificates: Certificates, in_cluster: pulumi.ResourceOptions
) -> None:
    """Let k3s keep its snapshots in their bucket, where the cluster is the stack's own.

    Args:
        settings: Settings of the stack.
        storage: The buckets.
        certificates: Who signs.
        in_cluster: What leads to the cluster.
    """
    if settings.kubernetes.mode != "k3s":
        return
    key = storage.keys["etcd"]
    EtcdSnapshots(
        "etcd-snapshots",
        EtcdSnapshotsArgs(
            settings.storage,
            settings.kubernetes.cluster,
            key.bucket,
            key.access_key,
            key.secret_key,
            certificates.authority,
        ),
        in_cluster,
    )
