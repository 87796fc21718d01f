"""`luxima:observability`: metrics, logs, traces, alerts (MON, ALR, LOG)."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from settings.compute import Certificate
from settings.observability.alerts import Alerts
from settings.observability.load import Load
from settings.observability.objectives import Objective, Promise, Signal, SignalName
from settings.observability.programs import Loki, Program, Prometheus
from settings.values import Area, Endpoint, HttpsUrl, Label, Port

__all__ = ["Alerts", "Load", "Loki", "Objective", "Observability", "Program", "Prometheus", "Promise", "Signal"]


class Observability(Area):
    """Metrics, logs, traces and alerts."""

    namespace: Label = Field(default="observability", description="Namespace of all this; one of kubernetes.namespaces")
    agents_namespace: Label = Field(
        default="node-agents", description="Namespace of what runs on every node; one of kubernetes.namespaces"
    )
    scrape_interval_seconds: Annotated[int, Field(ge=1, le=300)] = Field(
        default=15, description="How often Prometheus reads every target, in seconds"
    )
    node_exporter_port: Port = Field(default=9100, description="TCP port of the node exporter on every guest")
    cadvisor_port: Port = Field(default=9101, description="TCP port of cAdvisor on every Docker host")
    agent_port: Port = Field(default=9102, description="TCP port of the log agent's own metrics on every guest")
    probe_port: Port = Field(
        default=9103, description="TCP port of the blackbox exporter on every Docker host, outside of the cluster"
    )
    postgres_exporter_port: Port = Field(default=9187, description="TCP port of the PostgreSQL exporter on its host")
    database: Endpoint = Field(
        description="host:port of PostgreSQL on the private network; the host is a Docker host of this stack"
    )
    database_authority: Certificate | None = Field(
        default=None,
        description="Who certified PostgreSQL, when `database.mode` is `existing`; without it, an authority that every "
        "system trusts",
    )
    alert_log_url: HttpsUrl = Field(
        description="URL of the RPC functions of schema internal, for alert and deploy records"
    )
    agent: Literal["alloy", "promtail"] = Field(
        default="alloy", description="Which program runs the log pipelines; Promtail is past its end of life"
    )
    prometheus: Prometheus = Field(description="Takes in metrics and evaluates rules")
    alertmanager: Program = Field(description="Tells people")
    loki: Loki = Field(description="Takes in logs")
    tempo: Program = Field(description="Takes in traces")
    grafana: Program = Field(description="Shows it all")
    load: Load = Field(description="What the stack has to take; sizes are computed from it")
    anomalies: Mapping[SignalName, Signal] = Field(description="Signals that are compared with their own past")
    alerts: Alerts = Field(description="Who is told, and when")
