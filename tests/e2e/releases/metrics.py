"""A real Prometheus that finds the pods of a trial with the platform's own discovery; it runs on the node."""

import json
import subprocess
from types import TracebackType
from typing import Any, Final, Self

import yaml

from components.observability import prometheus
from components.text import to_yaml
from sandbox import procfs
from sandbox.machine.plan import Node
from sandbox.tls import ensure_server
from settings.values import Slot
from tests.e2e.releases.trial import STACK, Trial
from tests.programs import end, start
from tests.waiting import wait_for
from tools import ensure

_JOBS: Final = ("services", "traefik")


class Metrics:
    """Scrapes services and gateways every second; while it is entered, the stack file says where it is."""

    def __init__(self, made: Trial) -> None:
        self._made = made
        node = Node.of(made.world.settings)
        self._address = f"{node.address}:9999"
        self._node = made.copy.sandbox(STACK) / "data" / "node"
        self._folder = made.copy.temporary / "prometheus"
        self._authorities = made.copy.sandbox(STACK) / "tls" / "ca-bundle.pem"

    def __enter__(self) -> Self:
        self._folder.mkdir()
        certificate, key = ensure_server(self._authorities.parent, "prometheus", [self._address.partition(":")[0]])
        self._write("web.yml", {"tls_server_config": {"cert_file": str(certificate), "key_file": str(key)}})
        self._write("prometheus.yml", self._document())
        (machine,) = procfs.children(self._made.world.process("node"))
        command = [
            *("nsenter", f"--target={machine}", "--net"),
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
        """Whether it knows of anything; asked from the node, as it listens there."""
        asked = ("curl", "--silent", "--fail", "--get", "--cacert", str(self._authorities))
        url = f"https://{self._address}/api/v1/query"
        (machine,) = procfs.children(self._made.world.process("node"))
        done = subprocess.run(
            ["nsenter", f"--target={machine}", "--net", *asked, "--data-urlencode", f"query={query}", url],
            capture_output=True,
            check=False,
        )
        return done.returncode == 0 and bool(json.loads(done.stdout)["data"]["result"])

    def _document(self) -> dict[str, Any]:
        """The platform's jobs; here a file says who it is, where a pod would know by its account."""
        full = yaml.load(prometheus.documents(self._made.world.settings)["prometheus.yml"], yaml.CSafeLoader)
        jobs = [job for job in full["scrape_configs"] if job["job_name"] in _JOBS]
        for job in jobs:
            for found in job["kubernetes_sd_configs"]:
                found["kubeconfig_file"] = str(self._node / "administrator" / "kubeconfig")
        return {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": jobs}

    def _write(self, name: str, document: dict[str, Any]) -> None:
        (self._folder / name).write_text(to_yaml(document), encoding="utf-8")
