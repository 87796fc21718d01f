"""Everything in the cluster that takes in metrics, logs and traces, shows them and tells people (MON, ALR, LOG)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.flows import Flows
from components.kubernetes import Mount
from components.observability.alertmanager.workload import deploy_alertmanagers
from components.observability.blackbox.workload import deploy_blackbox_exporter
from components.observability.grafana.workload import deploy_grafana
from components.observability.kube_state_metrics import deploy_kube_state_metrics
from components.observability.log_agent.workload import deploy_log_agent
from components.observability.loki.workload import deploy_loki
from components.observability.node_exporter.workload import deploy_node_exporter
from components.observability.prometheus.workload import deploy_prometheus
from components.observability.pve_exporter.workload import deploy_pve_exporter
from components.observability.storage_key import StorageKey
from components.observability.tempo.workload import deploy_tempo
from components.observability.workload_context import Secrets, WorkloadContext
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
    """What Alertmanagers, Prometheus and the Proxmox VE exporter are told, by key; secret."""
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
        context = WorkloadContext(
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
        deploy_prometheus(context)
        deploy_alertmanagers(context)
        deploy_loki(context, args.keys["loki"])
        deploy_tempo(context, args.keys["tempo"])
        _, password = deploy_grafana(context)
        deploy_blackbox_exporter(context)
        deploy_kube_state_metrics(context)
        deploy_pve_exporter(context)
        deploy_node_exporter(context, guards)
        deploy_log_agent(context, guards)
        self.grafana_password = password.result
        self.register_outputs({"grafana": f"https://{args.environment.grafana_host}/"})
