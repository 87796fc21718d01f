"""The programs that watch the platform from inside its cluster: one record each (MON-5).

Workloads, scrape jobs, data sources, routes and flows take a program's name, image, ports and paths from here. What the
agents on the nodes listen on is a setting, since machines have the same ports.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

import versions
from versions import Pinned


@dataclass(frozen=True, kw_only=True)
class Program:
    """One program."""

    name: str
    """Name of its workload and of its Service; a DNS label."""
    image: Pinned
    """Its image."""
    port: int
    """TCP port of its HTTP API, its health and its metrics; the Service has the same."""
    ports: Mapping[str, int] = field(default_factory=dict[str, int])
    """More TCP ports, by name."""
    health_path: str
    """Path that answers 200 when it can serve."""
    live_path: str | None = None
    """Path that answers 200 while a restart would not help; None where a connection to the port is all there is."""
    stateful: bool = True
    """Whether it keeps data; each of its pods has then a name of its own, below the headless Service's."""

    @property
    def headless(self) -> str:
        """Name of a Service whose name has the address of each pod; there is one pod where no data is kept."""
        return f"{self.name}-headless" if self.stateful else self.name

    def host(self, namespace: str) -> str:
        """Name of its Service in the cluster."""
        return f"{self.name}.{namespace}.svc"

    def url(self, namespace: str) -> str:
        """Where its HTTP API is in the cluster."""
        return f"http://{self.host(namespace)}:{self.port}"

    def pod_host(self, namespace: str, index: int) -> str:
        """Name of one of its pods, which are counted from 0."""
        return f"{self.name}-{index}.{self.headless}.{namespace}.svc"


PROMETHEUS: Final = Program(
    name="prometheus", image=versions.PROMETHEUS, port=9090, health_path="/-/ready", live_path="/-/healthy"
)
ALERTMANAGER: Final = Program(
    name="alertmanager",
    image=versions.ALERTMANAGER,
    port=9093,
    ports={"gossip": 9094},
    health_path="/-/ready",
    live_path="/-/healthy",
)
ALERTMANAGER_RECORD: Final = replace(ALERTMANAGER, name="alertmanager-record", ports={})
"""The recording one, alone (ALR-10)."""
LOKI: Final = Program(
    name="loki",
    image=versions.LOKI,
    port=3100,
    ports={"grpc": 9095, "gossip": 7946},
    health_path="/ready",
    live_path="/loki/api/v1/status/buildinfo",
)
TEMPO: Final = Program(
    name="tempo",
    image=versions.TEMPO,
    port=3200,
    ports={"otlp-grpc": 4317, "otlp-http": 4318, "grpc": 9095, "gossip": 7946},
    health_path="/ready",
    live_path="/status/version",
)
GRAFANA: Final = Program(name="grafana", image=versions.GRAFANA, port=3000, health_path="/api/health")
BLACKBOX_EXPORTER: Final = Program(
    name="blackbox-exporter", image=versions.BLACKBOX_EXPORTER, port=9115, health_path="/-/healthy", stateful=False
)
KUBE_STATE_METRICS: Final = Program(
    name="kube-state-metrics", image=versions.KUBE_STATE_METRICS, port=8080, health_path="/livez", stateful=False
)
PVE_EXPORTER: Final = Program(
    name="pve-exporter", image=versions.PVE_EXPORTER, port=9221, health_path="/", stateful=False
)

SCRAPED: Final = (
    PROMETHEUS,
    ALERTMANAGER,
    ALERTMANAGER_RECORD,
    LOKI,
    TEMPO,
    GRAFANA,
    BLACKBOX_EXPORTER,
    KUBE_STATE_METRICS,
    PVE_EXPORTER,
)
"""All of them: Prometheus reads the metrics of each."""
ROUTED: Final = (GRAFANA, PROMETHEUS, LOKI, ALERTMANAGER, ALERTMANAGER_RECORD)
"""Those that the gateways lead to, each under its name in the core domain (ENV-3)."""

LOG_TENANT: Final = "luxima"
"""Tenant of Loki of everything but the audit trail; also the prefix of its objects."""
AUDIT_TENANT: Final = "audit"
"""Tenant of the audit trail; also the prefix of its objects, so that the bucket's lifecycle can tell it apart."""
API_AUDIT_FOLDER: Final = "/var/log/kubernetes"
"""Folder of a server of k3s in which the API server writes down who did what, and the log agent reads it."""
API_AUDIT_LOG: Final = f"{API_AUDIT_FOLDER}/audit.log"
API_AUDIT_SERVICE: Final = "kube-apiserver"
"""Value of the label `service` of those lines."""

Client = Literal["log-agent", "release", "operator"]
"""Who comes to a program through a gateway: the user that it logs in as."""
LOG_AGENT_CLIENT: Final[Client] = "log-agent"
RELEASE_CLIENT: Final[Client] = "release"
OPERATOR_CLIENT: Final[Client] = "operator"
CLIENT_SECRETS: Final[Mapping[Client, str]] = {
    LOG_AGENT_CLIENT: "logAgentPassword",
    RELEASE_CLIENT: "releasePassword",
    OPERATOR_CLIENT: "operatorPassword",
}
"""Key of each client's password in the table of secrets."""
