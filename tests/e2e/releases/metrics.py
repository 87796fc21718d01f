"""A real Prometheus that finds the pods of a trial with the platform's own discovery."""

from types import TracebackType
from typing import Any, Final, Self

import requests
import yaml

from components.observability import prometheus
from components.text import to_yaml
from sandbox.tls import ensure_server
from settings.values import Slot
from tests.documents.alertmanager.running import wait_for
from tests.e2e.releases.trial import STACK, Trial
from tests.programs import end, free_port, start
from tools import ensure

_HOST: Final = "127.0.0.1"
_JOBS: Final = ("services", "traefik")


class Metrics:
    """Scrapes services and gateways every second; while it is entered, the stack file says where it is."""

    def __init__(self, made: Trial) -> None:
        self._made = made
        self._address = f"{_HOST}:{free_port()}"
        self._folder = made.copy.temporary / "prometheus"
        self._authorities = made.copy.sandbox(STACK) / "tls" / "ca-bundle.pem"

    def __enter__(self) -> Self:
        self._folder.mkdir()
        certificate, key = ensure_server(self._authorities.parent, "prometheus", [_HOST])
        self._write("web.yml", {"tls_server_config": {"cert_file": str(certificate), "key_file": str(key)}})
        self._write("prometheus.yml", self._document())
        command = [
            ensure("prometheus")["prometheus"],
            f"--config.file={self._folder / 'prometheus.yml'}",
            f"--web.config.file={self._folder / 'web.yml'}",
            f"--storage.tsdb.path={self._folder / 'series'}",
            f"--web.listen-address={self._address}",
        ]
        self._process = start(command, self._folder / "log")
        file, known = f"Pulumi.{STACK}.yaml", "minimum_requests: 100\n"
        self._made.copy.replace(file, known, f"{known}    prometheus_url: https://{self._address}\n")
        self._made.copy.commit()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        end(self._process)

    def sees(self, service: str, slot: Slot) -> None:
        """Wait until it has looked at the gateway of a slot, and at the pods of a service in it."""
        for target in (f'job="services",service_name="{service}"', 'job="traefik"'):
            query = f'up{{{target},slot="{slot}"}} == 1'
            wait_for(lambda query=query: self._answers(query), f"`{query}` in {self._folder / 'log'}")

    def _answers(self, query: str) -> bool:
        url = f"https://{self._address}/api/v1/query"
        try:
            answer = requests.get(url, params={"query": query}, verify=str(self._authorities), timeout=2)
        except requests.RequestException:
            return False
        return bool(answer.json()["data"]["result"])

    def _document(self) -> dict[str, Any]:
        """The platform's jobs.

        Here a file says who it is, where a pod would know by its account; and pods listen at the loopback twins of
        their addresses.
        """
        full = yaml.safe_load(prometheus.documents(self._made.world.settings)["prometheus.yml"])
        jobs = [job for job in full["scrape_configs"] if job["job_name"] in _JOBS]
        for job in jobs:
            for found in job["kubernetes_sd_configs"]:
                found["kubeconfig_file"] = str(self._made.copy.sandbox(STACK) / "kubeconfig")
            twin = {"source_labels": ["__address__"], "regex": r"\d+(\..*)", "replacement": "127$1"}
            job["relabel_configs"].append({**twin, "target_label": "__address__"})
        return {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": jobs}

    def _write(self, name: str, document: dict[str, Any]) -> None:
        (self._folder / name).write_text(to_yaml(document), encoding="utf-8")
