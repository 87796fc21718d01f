"""Prometheus: every replica scrapes and evaluates everything, so that one may be lost (MON-1)."""

from dataclasses import replace

import pulumi_kubernetes as k8s

from components.kubernetes import StatefulWorkload, place
from components.observability.rules.model import together
from components.observability.workload_context import WorkloadContext, grant_read
from components.programs import PROMETHEUS
from settings import capacity
from settings.secrets import told_to

_READS = (
    k8s.rbac.v1.PolicyRuleArgs(
        api_groups=[""], resources=["nodes", "pods", "services"], verbs=["get", "list", "watch"]
    ),
    k8s.rbac.v1.PolicyRuleArgs(
        api_groups=["discovery.k8s.io"], resources=["endpointslices"], verbs=["get", "list", "watch"]
    ),
    k8s.rbac.v1.PolicyRuleArgs(api_groups=[""], resources=["nodes/metrics"], verbs=["get"]),
    k8s.rbac.v1.PolicyRuleArgs(non_resource_urls=["/metrics"], verbs=["get"]),
)


def deploy_prometheus(context: WorkloadContext) -> StatefulWorkload:
    """Prometheus with its configuration, its rules and the volume for its series."""
    name = f"{context.prefix}-prometheus"
    texts = context.documents_of("prometheus")
    rules = {path: texts.pop(path) for path in list(texts) if path.startswith("rules/")}
    placed = place(
        name,
        context.namespace,
        "prometheus",
        "/etc/prometheus",
        {},
        context.secrets.of(*told_to("prometheus")),
        context.parent,
        # A restart for each new rule would be minutes in which nobody looks.
        read_anew={**texts, **together(rules.values(), "rules")},
    )
    args = replace(
        context.stateful(PROMETHEUS, context.observability.prometheus, "/prometheus"),
        arguments=[
            "--config.file=/etc/prometheus/prometheus.yml",
            # It looks for changes of this file and of the rules every 30 s.
            "--config.auto-reload",
            "--storage.tsdb.path=/prometheus",
            f"--storage.tsdb.retention.time={context.retention.metrics_days}d",
            f"--storage.tsdb.retention.size={capacity.prometheus_size_limit_bytes(context.observability)}B",
            f"--web.external-url=https://{context.environment.core_fqdn('prometheus')}",
            # Tempo's metrics generator writes here; the exemplars lead from a series to its traces.
            "--web.enable-remote-write-receiver",
            "--enable-feature=exemplar-storage",
            # Else an alert with a short `for` begins anew with each restart, and so does its escalation.
            "--rules.alert.for-grace-period=0s",
            "--log.format=json",
        ],
        mounts=[placed.mount, *context.authority_mounts],
        api_token=True,
        # It writes down what it holds in memory; a restart reads the log of the last two hours.
        grace_seconds=120,
        start_seconds=600,
    )
    after = [*placed.resources, *grant_read(context, args, _READS)]
    return StatefulWorkload(name, replace(args, after=after), context.child)
