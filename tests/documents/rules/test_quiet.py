"""Nothing pages for nothing: on a first day, and in a quiet week, Watchdog fires and one event a day (ENV-5).

Everything that is scraped is there and healthy; what a first day does not have yet (releases) is absent. There is
a busy day and a night of hardly any requests, in which one of them fails, and one heartbeat is not delivered.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Final

import pytest

from components.observability import metrics, rules
from components.observability.metrics import Emitter, Metric
from components.observability.prometheus.targets import Job, jobs
from components.observability.rules.backups import intervals
from components.observability.rules.model import Recording
from settings import Settings
from tests.documents.rules import expressions
from tests.documents.rules.test_promtool import render
from tests.documents.slo.evaluation import World
from tests.recording import STACKS, released, stack_settings

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(1200)]

DAY: Final = 24 * 60
"""Minutes."""
TROUBLE: Final = re.compile(
    "fail|error|errs|drop|discard|exceed|corrupt|missed|deadlock|offline|reject|restart|retries|throttled|violation|leader_changes|"
    "role_changes"
)
"""What a counter of this name counts does not happen."""
STEADY: Final = "seconds_total"
"""End of the name of what counts time."""
VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "service_name": ("storefront",),
    "slot": ("blue",),
    "code": ("200",),
    "status_code": ("200",),
    "le": ("0.1", "1", "10", "+Inf"),
    "mode": ("idle",),
    "result": ("success",),
    "condition": ("None",),
    "status": ("none",),
    "phase": ("Running",),
    "state": ("idle",),
    "fstype": ("ext4",),
    "mountpoint": ("/",),
    "service": ("storefront-blue@file",),
    "router": ("storefront@file",),
    "id": ("node/pve1", "storage/pve1/local", "qemu/3121"),
    "alertmanager": ("http://10.42.0.9:9093/api/v2/alerts",),
}
"""Values of a label; of any other one it is the label's name."""
HEALTHY: Final[Mapping[str, float]] = {
    "alertmanager_cluster_members": 1,
    "alertmanager_config_last_reload_successful": 1,
    "certmanager_certificate_ready_status": 1,
    "certmanager_certificate_renewal_timestamp_seconds": 60 * 86400,
    "etcd_server_has_leader": 1,
    "etcd_server_quota_backend_bytes": 2e9,
    "k3s_certificate_expiration_seconds": 300 * 86400,
    "kube_deployment_spec_replicas": 2,
    "kube_deployment_status_replicas_available": 2,
    "kube_horizontalpodautoscaler_spec_max_replicas": 4,
    "kube_horizontalpodautoscaler_status_current_replicas": 2,
    "kube_pod_info": 1,
    "kube_pod_status_phase": 1,
    "kube_statefulset_replicas": 1,
    "kube_statefulset_status_replicas_ready": 1,
    "kubelet_volume_stats_available_bytes": 8e9,
    "kubelet_volume_stats_capacity_bytes": 1e10,
    "minio_cluster_capacity_usable_free_bytes": 8e11,
    "minio_cluster_capacity_usable_total_bytes": 1e12,
    "minio_bucket_quota_total_bytes": 1e11,
    "minio_bucket_usage_total_bytes": 5e10,
    "node_filesystem_avail_bytes": 8e10,
    "node_filesystem_files": 1e6,
    "node_filesystem_files_free": 9e5,
    "node_filesystem_size_bytes": 1e11,
    "node_memory_MemAvailable_bytes": 6e9,
    "node_memory_MemTotal_bytes": 8e9,
    "node_timex_sync_status": 1,
    "pg_settings_max_connections": 100,
    "pg_up": 1,
    "pve_up": 1,
    "pve_disk_size_bytes": 1e12,
    "pve_disk_usage_bytes": 1e11,
    "pve_memory_size_bytes": 6e10,
    "pve_memory_usage_bytes": 3e10,
    "pve_cpu_usage_ratio": 0.2,
    "probe_dns_serial": 2_026_112_601,
    "probe_ssl_earliest_cert_expiry": 90 * 86400,
    "probe_success": 1,
    "prometheus_config_last_reload_successful": 1,
    "prometheus_notifications_alertmanagers_discovered": 2,
    "scrape_samples_post_metric_relabeling": 100,
    "traefik_service_server_up": 1,
}
"""Gauges that are not 0."""


def traffic(per_minute: int, days: int) -> str:
    """A counter over days: sixteen hours by day, eight by night with a request a minute."""
    parts, count = list[str](), 0
    for _ in range(days):
        for pace, minutes in ((per_minute, 16 * 60), (1, 8 * 60)):
            parts.append(f"{count}+{pace}x{minutes - 1}")
            count += pace * minutes
    return " ".join(parts)


def scraped(settings: Settings) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Job and labels of each target: those that the documents name, and one for what is discovered."""
    for job in jobs(settings):
        name = str(job["job_name"])
        for number, labels in enumerate(_targets(settings, job)):
            yield name, {"job": name, "instance": f"{name}-{number}", **labels}


def _targets(settings: Settings, job: Job) -> Iterator[Mapping[str, str]]:
    for entry in job.get("static_configs", ()):
        for _ in entry["targets"]:
            yield {name: value for name, value in entry.get("labels", {}).items() if not name.startswith("__")}
    if job["job_name"] == "services":
        yield from ({"service_name": name, "slot": "blue"} for name in settings.releases.services)
    elif job["job_name"] == "traefik":
        yield from ({"slot": slot} for slot in settings.edge.gateways)
    elif "static_configs" not in job:
        yield {}


def emitted(emitter: Emitter) -> Iterator[tuple[str, Metric]]:
    for metric in emitter.metrics:
        for name in metric.series:
            yield name, metric


def value(name: str, metric: Metric, days: int) -> str:
    """What a series is, for as many days."""
    if name.endswith("last_successful_run_timestamp_seconds"):
        return f"0+60x{days * DAY}"
    if metric.type == "gauge":
        return f"{HEALTHY.get(name, 0):.10g}x{days * DAY}"
    if TROUBLE.search(name):
        return f"0x{days * DAY}"
    return f"0+60x{days * DAY}" if name.endswith(STEADY) else traffic(60, days)


def series(settings: Settings, days: int) -> dict[str, str]:
    """Everything, healthy."""
    found: dict[str, str] = {}
    targets = list(scraped(settings))
    for emitter in metrics.EMITTERS:
        if emitter in (metrics.JOBS, metrics.RELEASES):  # what there is of them is not the same for all
            continue
        places = [labels for job, labels in targets if job in emitter.jobs] or [{}]
        for name, metric in emitted(emitter):
            own = [*metric.labels, *(["le"] if name.endswith("_bucket") else [])]
            for place in places:
                for values in product(*(VALUES.get(label, (label,)) for label in own)):
                    labels = {**place, **dict(zip(own, values, strict=True))}
                    found[selector(name, labels)] = value(name, metric, days)
    for job, labels in targets:
        found[selector("up", labels)] = f"1x{days * DAY}"
        if job == "live-slot":
            found[selector("probe_success", labels)] = f"{int(labels['slot'] == 'blue')}x{days * DAY}"
    found = {each: text for each, text in found.items() if not each.startswith(("ALERTS", "up{}"))}
    found['kube_node_status_condition{node="a",condition="Ready",status="true"}'] = f"1x{days * DAY}"
    coredns = 'namespace="kube-system",deployment="coredns"'
    found[f"kube_deployment_status_replicas_available{{{coredns}}}"] = f"1x{days * DAY}"
    server = 'job="kubelet",instance="kubelet-0",status="success"'
    found[f"k3s_etcd_snapshot_save_s3_duration_seconds_count{{{server}}}"] = f"_x{6 * 60} " + " ".join(
        f"{count}x{6 * 60 - 1}" for count in range(1, days * 4)
    )
    before, after = 20 * 60, days * DAY - 20 * 60
    asked = 'job="services",instance="services-0",service_name="storefront",slot="blue"'
    found[f'http_requests_total{{{asked},code="500"}}'] = f"_x{before} 1x{after}"
    heartbeat = 'job="alertmanager",instance="alertmanager-0",integration="webhook"'
    found[f"alertmanager_notifications_failed_total{{{heartbeat}}}"] = f"0x{before} 1x{after}"
    found[f"alertmanager_notifications_total{{{heartbeat}}}"] = f"0+1x{days * DAY}"
    return {**found, **dict(backups(settings, days))}


def backups(settings: Settings, days: int) -> Iterator[tuple[str, str]]:
    """Each kind fails at first, is good minutes later and then when it is due; buckets get objects after that."""
    for kind, seconds in intervals(settings).items():
        every = seconds // 60
        runs = range(10, days * DAY, every)
        moments = " ".join(f"{60 * minute}x{every - 1}" for minute in runs)
        objects = " ".join(f"{number * 500}x{every - 1}" for number in range(int(kind == "database"), len(runs) + 1))
        # The first backup with anything in it is restored on trial.
        drill = 12 if kind == "database" else 12 + every
        told = {
            "last_drill_timestamp_seconds": f"_x10 0x{drill - 11} {60 * drill}x{days * DAY}",
            "last_drill_failure_timestamp_seconds": f"_x10 0x{days * DAY}",
            "last_success_timestamp_seconds": f"_x10 {moments}",
            "verified_timestamp_seconds": f"_x10 {moments}",
            "last_failure_timestamp_seconds": f"_x5 300x{days * DAY}",
            "duration_seconds": f"_x10 60x{days * DAY}",
            "objects": f"_x10 {objects}",
            "size_bytes": f"_x10 {objects}",
        }
        for figure, text in told.items():
            yield selector(f"backup_{figure}", {"job": "node", "host": settings.backup.host, "backup": kind}), text
    node = {"job": "node", "host": settings.backup.host}
    yield selector("backup_wal_pushed_timestamp_seconds", node), f"_x5 300+60x{days * DAY}"
    for name in settings.storage.buckets:
        labels = {"job": "minio-buckets", "server": "server", "bucket": settings.storage.bucket_name(name)}
        yield selector("minio_bucket_usage_object_total", labels), f"0x60 1000x{days * DAY}"


def selector(name: str, labels: Mapping[str, str]) -> str:
    inner = ",".join(f'{label}="{text}"' for label, text in labels.items())
    return f"{name}{{{inner}}}"


def fired(settings: Settings, days: int, folder: Path, evaluation: str) -> set[str]:
    """Names of the alerts that fired at any time."""
    files = [folder / name for name in render(settings, folder)]
    order = [group.name for group in rules.groups(settings)]
    world = World(files, series(settings, days), interval="1m", evaluation=evaluation, order=order)
    times = [f"{hour}h" for hour in range(1, days * 24 + 1)]
    asked = 'group by (alertname) (max_over_time(ALERTS{alertstate="firing"}[1h]))'
    answers = world.ask(folder, [(asked, time) for time in times])
    return {dict(labels)["alertname"] for answer in answers for labels in answer}


def test_the_world_has_every_metric_that_a_rule_asks_for() -> None:
    settings = stack_settings("prod")
    groups = rules.groups(settings)
    recorded = {rule.record for group in groups for rule in group.rules if isinstance(rule, Recording)}
    used = {name for group in groups for rule in group.rules for name in expressions.metrics(rule.expr)}
    there = {name.partition("{")[0] for name in series(settings, 1)}
    not_yet = {metric.name for metric in metrics.RELEASES.metrics}
    assert used - recorded - there - not_yet - {"ALERTS", "ALERTS_FOR_STATE"} == set()


def test_a_first_day_tells_of_nothing(tmp_path: Path) -> None:
    settings = released(stack_settings("dev"), "storefront")
    assert fired(settings, 1, tmp_path, evaluation="10m") == {"Watchdog", "BackupSucceeded"}


@pytest.mark.long
@pytest.mark.parametrize("stack", STACKS)
def test_a_quiet_week_tells_of_nothing(stack: str, tmp_path: Path) -> None:
    """From its first day on, looked at twice as often."""
    settings = released(stack_settings(stack), "storefront")
    assert fired(settings, 7, tmp_path, evaluation="5m") == {"Watchdog", "BackupSucceeded"}
