"""Backups that did not run (BAK-1..4)."""

from collections.abc import Mapping
from typing import Final

from components.kubernetes import SNAPSHOT_HOURS
from components.observability.rules.model import Alert, Group
from settings import Settings

PATIENCE: Final = 1.5
"""Times the interval: a run that takes long or is tried again is not late yet."""
UNKNOWN_HOURS: Final = 36
"""The longest interval, with the same patience."""
SNAPSHOT_SECONDS: Final = 2 * 3600
"""A template of a Docker host's disk is cloned in well under an hour."""

KNOWN: Final = "1d"
"""How long a release without a snapshot is told; a host that is away for less is not taken for one without any."""

SNAPSHOT_OF_ETCD_HOURS: Final = int(PATIENCE * SNAPSHOT_HOURS)
"""How old the newest snapshot of etcd may be."""

_LAST: Final = 'max by (backup) (last_over_time(backup_last_success_timestamp_seconds{{backup="{0}"}}[{1}]))'


def intervals(settings: Settings) -> Mapping[str, int]:
    """Seconds between two backups, by what they are of; deployments have none, they follow the releases."""
    backup = settings.backup
    return {
        "database": backup.database_interval_hours * 3600,
        "object_storage": backup.object_storage_interval_hours * 3600,
        "logs": backup.log_archive_interval_hours * 3600,
    }


def _without_snapshot() -> str:
    """How old the last snapshot is, where there is none since a release that began long enough ago."""
    last = _LAST.format("deployment", KNOWN)
    # Where none was ever made, the time since 1970 stands for it.
    never = f"sum by (backup) (0 * {last.replace('max by (backup) (', 'absent(')})"
    # The tool makes it while the release is on probation, which may last longer than that.
    begun = f"max(last_over_time(release_probation_start_timestamp_seconds[{KNOWN}]) < time() - {SNAPSHOT_SECONDS})"
    return f"time() - ({last} or {never}) > on () group_left () (time() - {begun})"


def _without_snapshot_of_etcd() -> str:
    """Servers, where none of them has copied a snapshot in all that time although the cluster was there."""
    copied, old = 'k3s_etcd_snapshot_save_s3_duration_seconds_count{status="success"}', f"{SNAPSHOT_OF_ETCD_HOURS}h"
    # k3s counts from its start, and has no such series before its first snapshot.
    done = f"sum(increase({copied}[{old}]) > 0) or sum({copied} unless {copied} offset {old})"
    return f"count(etcd_server_has_leader offset {old}) unless on () ({done})"


def groups(settings: Settings) -> list[Group]:
    """The alerts of backups."""
    late = " or ".join(
        f"time() - {_LAST.format(name, '10m')} > {PATIENCE} * {seconds}"
        for name, seconds in intervals(settings).items()
    )
    unknown = " or ".join(
        f'sum by (backup) (absent(backup_last_success_timestamp_seconds{{backup="{name}"}}))'
        for name in intervals(settings)
    )
    return [
        Group(
            "backups",
            [
                Alert(
                    "BackupOverdue",
                    late,
                    severity="warning",
                    kind="backup",
                    owner="devops",
                    summary="The backup of {{ $labels.backup }} did not run",
                    description="The last good one is {{ $value | humanizeDuration }} old, over one and a half times "
                    "its interval.",
                    pending="5m",
                    dashboard="backups",
                ),
                Alert(
                    # A new stack makes its first backups within a day; then one is late, and not before.
                    "BackupUnknown",
                    unknown,
                    severity="warning",
                    kind="backup",
                    owner="devops",
                    summary="Nothing is known of backups of {{ $labels.backup }}",
                    description="No success has been reported for a day and a half (absent is {{ $value }}).",
                    pending=f"{UNKNOWN_HOURS}h",
                    dashboard="backups",
                ),
                Alert(
                    "DeploymentSnapshotMissing",
                    _without_snapshot(),
                    severity="warning",
                    kind="backup",
                    owner="devops",
                    summary="A release was made, but no snapshot of it",
                    description="{{ if gt $value 1e9 }}There has never been a snapshot of a deployment."
                    "{{ else }}The last snapshot of a deployment is {{ $value | humanizeDuration }} old.{{ end }}",
                    pending="10m",
                    dashboard="backups",
                ),
                *(_snapshots_of_etcd() if settings.kubernetes.mode == "k3s" else ()),
                Alert(
                    "BackupSucceeded",
                    "time() - max by (backup) (backup_last_success_timestamp_seconds) < 600",
                    severity="info",
                    kind="backup",
                    owner="devops",
                    summary="The backup of {{ $labels.backup }} succeeded",
                    description="It ended {{ $value | humanizeDuration }} ago.",
                    dashboard="backups",
                ),
            ],
        )
    ]


def _snapshots_of_etcd() -> list[Alert]:
    return [
        Alert(
            "EtcdSnapshotMissing",
            _without_snapshot_of_etcd(),
            severity="warning",
            kind="backup",
            owner="devops",
            summary="The newest snapshot of etcd is old",
            description=f"None of {{{{ $value }}}} servers has copied one to the object storage for "
            f"{SNAPSHOT_OF_ETCD_HOURS} h; one every {SNAPSHOT_HOURS} h is due.",
            pending="10m",
            dashboard="backups",
        )
    ]
