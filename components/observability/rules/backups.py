"""Backups that are late, fail, hold less than they did, or are not compared or restored on trial (BAK-1..5)."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from components.kubernetes import SNAPSHOT_HOURS
from components.observability.rules.model import Alert, Group, Recording
from settings import Settings
from settings.backup import COPIED, DRILL_DAYS

PATIENCE: Final = 1.5
"""Times the interval: a run that takes long or is tried again is not late yet."""
UNKNOWN_HOURS: Final = 36
"""The longest interval, with the same patience: how long a new stack may take for its first backups."""
LEFT_RATIO: Final = 0.5
"""Of the most of six days: people and retention take away less than half of everything in that time."""
SNAPSHOT_SECONDS: Final = 2 * 3600
"""A template of a Docker host's disk is cloned in well under an hour."""

DRILL_PATIENCE_DAYS: Final = 5
"""A restore drill that failed is made again after the next backup, which is a day later at most."""
UNDRILLED_DAYS: Final = 2
"""How old the first backup with anything in it may be without a good restore drill."""

KNOWN: Final = "1d"
"""How long a release without a snapshot is told; a host that is away for less is not taken for one without any."""

SNAPSHOT_OF_ETCD_HOURS: Final = int(PATIENCE * SNAPSHOT_HOURS)
"""How old the newest snapshot of etcd may be."""

SEEN_DAYS: Final = 8
"""How far back it is looked when a snapshot was seen first; longer than a release without one is told."""

_LAST: Final = 'max by (backup) (last_over_time(backup_last_success_timestamp_seconds{{backup="{0}"}}[{1}]))'
_warning = partial(Alert, severity="warning", kind="backup", owner="devops", dashboard="backups")


def intervals(settings: Settings) -> Mapping[str, int]:
    """Seconds between two backups, by what they are of; deployments have none, they follow the releases."""
    backup = settings.backup
    return {
        "database": backup.database_interval_hours * 3600,
        "object_storage": backup.object_storage_interval_hours * 3600,
        "logs": backup.log_archive_interval_hours * 3600,
    }


def _snapshots(settings: Settings) -> Recording:
    """Since when the hypervisor shows the newest template, of that Docker host of which it is the oldest.

    Whoever makes them is a person's machine or a pipeline, which no Prometheus asks; what they made is seen.
    """
    hosts = len(settings.compute.by_role("docker_host"))
    seen = 'min by (snapshot_of, name) (timestamp(pve_guest_info{snapshot_of!=""}))'
    newest = f"max by (snapshot_of) (min_over_time({seen}[{SEEN_DAYS}d:10m]))"
    # A host without any has no series, and then not all are kept.
    expr = f"min({newest}) and on () count({newest}) >= {hosts}"
    return Recording("backup_last_success_timestamp_seconds", expr, {"backup": "deployment"})


def _without_snapshot(settings: Settings) -> str:
    """How old the last snapshot is, where there is none since a release that began long enough ago and is live."""
    last = _LAST.format("deployment", KNOWN)
    # Where none was ever made, the time since 1970 stands for it.
    never = f"sum by (backup) (0 * {last.replace('max by (backup) (', 'absent(')})"
    # The tool makes it when the probation is over, which is extended once at most.
    patience = SNAPSHOT_SECONDS + 2 * 60 * settings.guard.probation_minutes
    live = "max by (service, slot) (last_over_time(release_live_slot_info[10m]))"
    begun = f"last_over_time(release_probation_start_timestamp_seconds[{KNOWN}]) and on (service, slot) {live}"
    begun = f"max(({begun}) < time() - {patience})"
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
    unknown = " or ".join(map(_unknown, intervals(settings)))
    made = settings.backup.deployment is not None
    return [
        *([Group("deployment-snapshots", [_snapshots(settings)], "5m")] if made else ()),
        Group(
            "backups",
            [
                _failing(),
                _shrunk(settings),
                *_empty(settings),
                _unverified(settings),
                _undrilled(),
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
                    "BackupUnknown",
                    unknown,
                    severity="warning",
                    kind="backup",
                    owner="devops",
                    summary="Nothing is known of backups of {{ $labels.backup }}",
                    description="No success is reported (absent is {{ $value }}): for an hour where one was before, "
                    "for a day and a half where none ever was.",
                    pending="1h",
                    dashboard="backups",
                ),
                *([_snapshot_missing(settings)] if made else ()),
                *(_snapshots_of_etcd() if settings.kubernetes.mode == "k3s" else ()),
                _succeeded(settings),
            ],
        ),
    ]


def _unknown(name: str) -> str:
    """Whether nothing is told where something was within two days, or where the stack is too old for its first one."""
    success = f'backup_last_success_timestamp_seconds{{backup="{name}"}}'
    known = f"count(last_over_time({success}[2d])) or count(up offset {UNKNOWN_HOURS - 1}h)"
    return f"(sum by (backup) (absent({success})) and on () ({known}))"


def _snapshot_missing(settings: Settings) -> Alert:
    return Alert(
        "DeploymentSnapshotMissing",
        _without_snapshot(settings),
        severity="warning",
        kind="backup",
        owner="devops",
        summary="A release was made, but no snapshot of it",
        description="{{ if gt $value 1e9 }}There is a Docker host without any snapshot."
        "{{ else }}The last snapshot of a deployment is {{ $value | humanizeDuration }} old.{{ end }}",
        pending="10m",
        dashboard="backups",
    )


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


def _told(figure: str, kind: str = "") -> str:
    """The figure of each kind, or of one, whatever host tells it; scrapes may fail for a while."""
    matcher = f'{{backup="{kind}"}}' if kind else ""
    return f"max by (backup) (last_over_time(backup_{figure}{matcher}[10m]))"


def _failing() -> Alert:
    failed = _told("last_failure_timestamp_seconds")
    return _warning(
        "BackupFailing",
        # Where none was ever made, the time since 1970 stands for it.
        f"{failed} - ({_told('last_success_timestamp_seconds')} or 0 * {failed}) > 0",
        summary="The backup of {{ $labels.backup }} fails",
        description="It has been tried for half an hour, every 5 minutes. {{ if gt $value 1e9 }}There is no good one."
        "{{ else }}The last try failed {{ $value | humanizeDuration }} after the last good one.{{ end }}",
        pending="30m",
    )


def _in_buckets(settings: Settings, names: Sequence[str], over: str = "last_over_time", time: str = "1h") -> str:
    """How many objects are in each bucket; each server says the same of it."""
    storage = settings.storage
    buckets = "|".join(storage.bucket_name(name) for name in names if name in storage.buckets)
    return f'max by (bucket) ({over}(minio_bucket_usage_object_total{{bucket=~"{buckets}"}}[{time}]))'


def _shrunk(settings: Settings) -> Alert:
    # What was told on another host before counts as well.
    shares = [
        f"label_replace({_told(figure)} / max by (backup) (max_over_time(backup_{figure}[6d])) < {LEFT_RATIO}"
        f', "figure", "{called}", "", "")'
        for figure, called in (("objects", "objects"), ("size_bytes", "bytes"))
    ]
    # A small bucket may be gone, and nearly all is there; its copy is what it is.
    most = _in_buckets(settings, COPIED, "max_over_time", "6d")
    share = f"{_in_buckets(settings, COPIED)} / {most} < {LEFT_RATIO}"
    labelled = f'label_replace({share}, "backup", "object_storage", "", "")'
    shares.append(f'label_replace({labelled}, "figure", "objects", "", "")')
    return _warning(
        "BackupShrunk",
        " or ".join(shares),
        summary="The backup of {{ $labels.backup }} fell to {{ $value | humanizePercentage }} of its "
        "{{ $labels.figure }}{{ with $labels.bucket }} in {{ . }}{{ end }}",
        description="It holds {{ $value | humanizePercentage }} of the most {{ $labels.figure }} that it held within "
        "the last 6 days.",
        pending="5m",
    )


def _empty(settings: Settings) -> list[Alert]:
    each = intervals(settings)
    return [
        _warning(
            "BackupEmpty",
            f"{_told('objects', 'database')} == 0 or {_told('size_bytes', 'database')} == 0",
            summary="The backup of database holds nothing",
            description="It has {{ $value }} files or bytes.",
            pending="5m",
        ),
        _copied_nothing("object_storage", _in_buckets(settings, COPIED), each["object_storage"]),
        _copied_nothing("logs", _in_buckets(settings, ["loki"]), each["logs"]),
    ]


def _copied_nothing(kind: str, there: str, seconds: int) -> Alert:
    return _warning(
        "BackupEmpty",
        f"sum({there}) > 0 and on () ({_told('objects', kind)} == 0)",
        summary=f"The backup of {kind} holds nothing",
        description="{{ $value }} objects are in what it copies, for longer than one and a half times its interval.",
        # The first objects of a new stack are in the next backup.
        pending=f"{int(PATIENCE * seconds) // 60}m",
        labels={"backup": kind},
    )


def _unverified(settings: Settings) -> Alert:
    late = [
        # Where none was ever compared, the first has to be two intervals old.
        f"time() - ({_told('verified_timestamp_seconds', name)} < max by (backup) "
        f'(max_over_time(backup_last_success_timestamp_seconds{{backup="{name}"}}[{seconds}s] offset {2 * seconds}s)))'
        f" > {2 * PATIENCE} * {seconds}"
        for name, seconds in intervals(settings).items()
    ]
    return _warning(
        "BackupUnverified",
        " or ".join(late),
        summary="Backups of {{ $labels.backup }} are made, but not compared",
        description="{{ if gt $value 1e9 }}None was ever compared with what it is of.{{ else }}The last comparison is "
        "{{ $value | humanizeDuration }} old, over three intervals.{{ end }}",
        pending="5m",
    )


def _undrilled() -> Alert:
    # Told on whatever host: a new one begins with 0, and makes its own after its first backup.
    drilled = f"max by (backup) (max_over_time(backup_last_drill_timestamp_seconds[{UNDRILLED_DAYS + 2}d])) > 0"
    # Of a backup of nothing, nothing can be restored.
    there = f"max by (backup) (max_over_time(backup_objects[1d] offset {UNDRILLED_DAYS}d)) > 0"
    oldest = DRILL_DAYS + DRILL_PATIENCE_DAYS
    return _warning(
        "BackupDrillOverdue",
        f"time() - ({drilled}) > {oldest * 86_400} or 0 * ({there}) unless ({drilled})",
        summary="Nobody knows whether the backup of {{ $labels.backup }} can be restored",
        description="{{ if gt $value 0.0 }}The last good restore drill is {{ $value | humanizeDuration }} old; "
        f"one every {DRILL_DAYS} days is due.{{{{ else }}}}Backups have been made for {UNDRILLED_DAYS} days, and no "
        "restore drill was ever good.{{ end }}",
        pending="5m",
    )


def _succeeded(settings: Settings) -> Alert:
    kinds = intervals(settings)
    ages = " or ".join(f"time() - {_LAST.format(name, '10m')} < 86400" for name in kinds)
    return Alert(
        "BackupSucceeded",
        # One event a day, and not one each: the copies of buckets are made once a day.
        f"count({ages}) and on () (time() - {_LAST.format('object_storage', '10m')} < 600)",
        severity="info",
        kind="backup",
        owner="devops",
        summary="The daily copy of the object storage was made",
        description=f"{{{{ $value }}}} of {len(kinds)} kinds of backups have one that is younger than a day.",
        dashboard="backups",
    )
