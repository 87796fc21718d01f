"""Everything in the cluster that takes in metrics, logs and traces, shows them and tells people (MON, ALR, LOG)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.flows import Flows
from components.kubernetes import Mount
from components.observability.alertmanager.workload import put_alertmanagers
from components.observability.blackbox.workload import put_blackbox_exporter
from components.observability.grafana.workload import put_grafana
from components.observability.kube_state_metrics import put_kube_state_metrics
from components.observability.log_agent.workload import put_log_agent
from components.observability.loki.workload import put_loki
from components.observability.node_exporter.workload import put_node_exporter
from components.observability.prometheus.workload import put_prometheus
from components.observability.site import Secrets, Site
from components.observability.storage_key import StorageKey
from components.observability.tempo.workload import put_tempo
from settings.environment import Environment
from settings.observability import Observability as ObservabilitySettings
from settings.retention import Retention


@dataclass(frozen=True)
class ObservabilityArgs:
    """Inputs of the Observability."""

    environment: Environment
    """Which environment the stack is."""
    observability: ObservabilitySettings
    """Settings of what observes."""
    retention: Retention
    """How long metrics are kept."""
    documents: Mapping[str, str]
    """What the programs read; see `documents`."""
    flows: Flows
    """Flows of the stack."""
    authority_mounts: Sequence[Mount]
    """What a program mounts to trust the private CA; empty where public authorities sign."""
    secrets: Mapping[str, pulumi.Input[str]]
    """What Alertmanagers and Prometheus are told, by key; secret."""
    keys: Mapping[str, StorageKey]
    """Keys of the object storage of the users `loki` and `tempo`."""
    guards: Sequence[pulumi.Resource]
    """What has to exist before a pod may: the namespaces, their quotas and policies."""


class Observability(pulumi.ComponentResource):
    """Prometheus, Alertmanager, Loki, Tempo, Grafana, and what feeds them."""

    grafana_password: pulumi.Output[str]
    """Password of Grafana's user `admin`; secret."""

    def __init__(self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:observability:Observability", name, None, opts)
        site = Site(
            environment=args.environment,
            observability=args.observability,
            retention=args.retention,
            documents=args.documents,
            flows=args.flows,
            authority_mounts=args.authority_mounts,
            secrets=Secrets(args.secrets),
            parent=self,
            prefix=name,
        )
        guards = list(args.guards)
        put_prometheus(site)
        put_alertmanagers(site)
        put_loki(site, args.keys["loki"])
        put_tempo(site, args.keys["tempo"])
        _, password = put_grafana(site)
        put_blackbox_exporter(site)
        put_kube_state_metrics(site)
        put_node_exporter(site, guards)
        put_log_agent(site, guards)
        self.grafana_password = password.result
        self.register_outputs({"grafana": f"https://{args.environment.grafana_host}/"})
