"""MinIO, by its cluster metrics (v2)."""

from typing import Final

from components.observability.rules.model import Alert, Group
from settings import Settings

FREE_RATIO: Final = 0.15
"""MinIO refuses to write when the drives are full; at the platform's growth this is about two weeks."""
QUOTA_RATIO: Final = 0.8
"""MinIO counts what a bucket holds every few minutes to hours, so that the quota is met before it is seen."""
ERROR_RATIO: Final = 0.01
"""Clients try again after a 5xx; more than one in a hundred is no passing trouble."""


def groups(settings: Settings) -> list[Group]:
    """The alerts of the object storage."""
    server = settings.storage.server
    # Fewer than may be away are told as drives that are offline.
    spare = max(server.borne - 1, 0) if server.brought else 0
    free = "max(minio_cluster_capacity_usable_free_bytes) / max(minio_cluster_capacity_usable_total_bytes)"
    errors = "sum by (api) (rate(minio_s3_requests_5xx_errors_total[5m]))"
    return [
        Group(
            "storage",
            [
                Alert(
                    "ObjectStorageDown",
                    'sum(up{job="minio"}) == 0',
                    severity="critical",
                    kind="storage",
                    owner="devops",
                    summary="The object storage does not answer",
                    description="{{ $value }} of its servers have answered for 2 minutes; uploads fail, and Loki and "
                    "Tempo keep what they have on their volumes.",
                    pending="2m",
                ),
                Alert(
                    "ObjectStorageDriveOffline",
                    "max(minio_cluster_drive_offline_total) > 0",
                    severity="warning",
                    kind="storage",
                    owner="devops",
                    summary="A drive of the object storage is offline",
                    description="{{ $value }} drives have been offline for 5 minutes; objects have less redundancy.",
                    pending="5m",
                ),
                Alert(
                    "ObjectStorageHealing",
                    # Each server says the same of a set.
                    "sum(max by (pool, set) (minio_cluster_health_erasure_set_healing_drives)) > 0",
                    severity="warning",
                    kind="storage",
                    owner="devops",
                    summary="The object storage is still healing",
                    description="{{ $value }} drives have been healed for 6 hours; until it is done, objects have less "
                    "redundancy.",
                    pending="6h",
                ),
                Alert(
                    "ObjectStorageNodeOffline",
                    f"max(minio_cluster_nodes_offline_total) > {spare}",
                    severity="critical",
                    kind="storage",
                    owner="devops",
                    summary="A server of the object storage is offline",
                    description="{{ $value }} servers have been missing from the cluster for 5 minutes.",
                    pending="5m",
                ),
                Alert(
                    "ObjectStorageSpaceLow",
                    f"{free} < {FREE_RATIO}",
                    severity="warning",
                    kind="storage",
                    owner="devops",
                    summary="The object storage is nearly full",
                    description="{{ $value | humanizePercentage }} of its usable space is free.",
                    pending="15m",
                ),
                Alert(
                    "BucketNearQuota",
                    # Each server says the same of a bucket.
                    "max by (bucket) (minio_bucket_usage_total_bytes)"
                    f" / (max by (bucket) (minio_bucket_quota_total_bytes) > 0) > {QUOTA_RATIO}",
                    severity="warning",
                    kind="storage",
                    owner="devops",
                    summary="Bucket {{ $labels.bucket }} is nearly full",
                    description="{{ $value | humanizePercentage }} of its quota is in use; when all of it is, nothing "
                    "more can be written there.",
                    pending="15m",
                ),
                Alert(
                    "ObjectStorageErrors",
                    f"{errors} / (sum by (api) (rate(minio_s3_requests_total[5m])) > 0) > {ERROR_RATIO}",
                    severity="warning",
                    kind="storage",
                    owner="devops",
                    summary="The object storage fails requests of {{ $labels.api }}",
                    description="{{ $value | humanizePercentage }} of these requests got an answer of class 5xx for "
                    "5 minutes.",
                    pending="5m",
                ),
            ],
        )
    ]
