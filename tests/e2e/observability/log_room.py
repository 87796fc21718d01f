"""Loki and Promtail with the documents of stack `dev`, whose Loki is one program; production's three are tried where
Loki's documents are. Folders stand in the place of the object storage and of the nodes' log folders."""

import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import requests
import yaml

from components.observability import log_agent, loki
from components.text import to_yaml
from settings import Settings
from tests.documents.loki.server import Loki, local, write
from tests.e2e.observability import compression
from tests.programs import end, free_port
from tests.waiting import wait_for
from tools import ensure

_META: Final = "__meta_kubernetes"


@contextmanager
def program(name: str, *arguments: str, log: Path, environment: Mapping[str, str] | None = None) -> Generator[None]:
    """A program that runs until the block ends."""
    with log.open("wb") as output:
        process = subprocess.Popen([ensure(name)[name], *arguments], stdout=output, stderr=output, env=environment)
    try:
        yield
    finally:
        # It writes what it has before it ends.
        end(process, 180)


@contextmanager
def running_loki(settings: Settings, folder: Path, alertmanagers: str) -> Generator[Loki]:
    """Loki, whose ruler looks at its rules more often, and tells these Alertmanagers."""
    texts = loki.documents(settings)
    rules = {name: _often(text) if "rules/" in name else text for name, text in texts.items()}
    write(rules, folder)
    http = free_port()
    document = local(settings, folder, http, free_port())
    document["ruler"]["alertmanager_url"] = alertmanagers
    write({"loki.yaml": to_yaml(document)}, folder)
    with program("loki", f"-config.file={folder / 'loki.yaml'}", log=folder / "loki.log"):
        url = f"http://127.0.0.1:{http}"
        wait_for(lambda: _ready(url), "a ready Loki")
        yield Loki(url)


def _ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/ready", timeout=2).ok
    except requests.RequestException:
        return False


def _often(text: str) -> str:
    """Rules as they are, in groups with a compressed interval: what they look back at stays as long."""
    content: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    for group in content["groups"]:
        group["interval"] = compression.duration(group["interval"])
    return to_yaml(content)


@contextmanager
def running_promtail(settings: Settings, folder: Path, url: str, files: Mapping[str, Path]) -> Generator[None]:
    """Promtail, which reads a file for each service as it would read that of the service's pod on a node."""
    document: dict[str, Any] = yaml.load(log_agent.documents(settings)["kubernetes/promtail.yaml"], yaml.CSafeLoader)
    (pods,) = [job for job in document["scrape_configs"] if job["job_name"] == "pods"]
    pods.pop("kubernetes_sd_configs")
    pods["static_configs"] = [
        {
            "targets": ["localhost"],
            "labels": {
                f"{_META}_namespace": next(iter(settings.services.values())).namespace,
                f"{_META}_pod_name": f"{service}-0",
                f"{_META}_pod_container_name": service,
                f"{_META}_pod_label_app_kubernetes_io_name": service,
                "__file": str(file),
            },
        }
        for service, file in files.items()
    ]
    # The document's own path is a folder that only a node has.
    pods["relabel_configs"].append({"source_labels": ["__file"], "target_label": "__path__"})
    document["scrape_configs"] = [pods]
    document["server"] = {"http_listen_address": "127.0.0.1", "http_listen_port": 0, "grpc_listen_port": 0}
    document["positions"] = {"filename": str(folder / "positions.yaml")}
    document["target_config"] = {"sync_period": "1s"}
    (client,) = document["clients"]
    client["url"] = f"{url}/loki/api/v1/push"
    write({"promtail.yaml": to_yaml(document)}, folder)
    with program("promtail", f"-config.file={folder / 'promtail.yaml'}", log=folder / "promtail.log"):
        yield
