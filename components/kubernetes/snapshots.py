"""Where k3s copies the snapshots of etcd to: the object storage, by a Secret that it reads at each snapshot (BAK-3).

https://docs.k3s.io/cli/etcd-snapshot: so no machine has the key, and another key needs no restart.
"""

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.k3s import SNAPSHOT_SECRET
from settings.storage import Storage

FOLDER: Final = "deployment/etcd"
"""Its lifecycle in the bucket is that of deployments' snapshots."""


@dataclass(frozen=True)
class EtcdSnapshotsArgs:
    """Inputs of the EtcdSnapshots."""

    storage: Storage
    """Endpoint and region of the object storage."""
    cluster: str
    """Name of the cluster."""
    bucket: str
    """Full name of the bucket."""
    access_key: pulumi.Input[str]
    """Id of a key that may write there."""
    secret_key: pulumi.Input[str]
    """The key; secret."""
    authority: pulumi.Input[str] | None
    """Certificate of the authority of the object storage, where no public one signs."""


class EtcdSnapshots(pulumi.ComponentResource):
    """The Secret that k3s looks for."""

    def __init__(self, name: str, args: EtcdSnapshotsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:kubernetes:EtcdSnapshots", name, None, opts)
        storage = args.storage
        k8s.core.v1.Secret(
            f"{name}-secret",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=SNAPSHOT_SECRET, namespace="kube-system", labels={"app.kubernetes.io/part-of": "luxima"}
            ),
            type="etcd.k3s.cattle.io/s3-config-secret",
            string_data={
                "etcd-s3-endpoint": storage.endpoint,
                "etcd-s3-region": storage.region,
                "etcd-s3-bucket": args.bucket,
                "etcd-s3-folder": f"{FOLDER}/{args.cluster}",
                "etcd-s3-access-key": args.access_key,
                "etcd-s3-secret-key": args.secret_key,
                **({} if args.authority is None else {"etcd-s3-endpoint-ca": args.authority}),
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"bucket": args.bucket})
