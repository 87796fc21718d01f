"""Parts of scrape jobs."""

from collections.abc import Iterator
from typing import Any

from settings import Settings
from settings.capacity import sample_limit

Job = dict[str, Any]


def docker_hosts(settings: Settings) -> list[tuple[str, str]]:
    """Name and address of each Docker host."""
    return [(name, vm.address) for name, vm in settings.wanted_vms.items() if vm.role == "docker_host"]


def static(address: str, port: int, host: str) -> Job:
    """A port of a machine."""
    return {"targets": [f"{address}:{port}"], "labels": {"host": host}}


def copied(source: str, target: str, **more: str) -> Job:
    """A label made from another one."""
    return {"source_labels": [source], "target_label": target, **more}


def kept_metrics(action: str, names: str) -> Job:
    """A rule over the names of metrics: `keep` these, or `drop` them."""
    return {"source_labels": ["__name__"], "action": action, "regex": names}


def keep(source: str, value: str) -> Job:
    """Only targets whose label matches."""
    return {"source_labels": [source], "action": "keep", "regex": value}


def job(settings: Settings, name: str, content: Job, service_name: str | None = "") -> Job:
    """A job with the labels that every series has; `service_name` is the job's name, or found by the job itself."""
    labels = {"environment": settings.environment.label}
    if service_name is not None:
        labels["service_name"] = service_name or name
    fixed = [{"target_label": key, "replacement": value} for key, value in labels.items()]
    return {
        "job_name": name,
        "sample_limit": sample_limit(settings, name),
        **content,
        "relabel_configs": [*_of_pods(content), *content.get("relabel_configs", ()), *fixed],
    }


def _of_pods(content: Job) -> Iterator[Job]:
    """Pods with the node that they are on, whose end is theirs; those that are over are left out."""
    if any(each["role"] == "pod" for each in content.get("kubernetes_sd_configs", ())):
        # A pod that was evicted or has done its work stays in the API's list, and answers nobody.
        yield {"source_labels": ["__meta_kubernetes_pod_phase"], "action": "drop", "regex": "Failed|Succeeded"}
        yield copied("__meta_kubernetes_pod_node_name", "host", regex="(.+)")
