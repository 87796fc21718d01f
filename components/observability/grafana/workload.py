"""Grafana, the one place to look (MON-3)."""

import pulumi_random as random

from components.kubernetes import Priority, StatefulWorkload, StatefulWorkloadArgs, place
from components.observability.workload_context import WorkloadContext
from components.programs import GRAFANA


def deploy_grafana(context: WorkloadContext) -> tuple[StatefulWorkload, random.RandomPassword]:
    """Grafana with its data sources and dashboards; and the password of the user `admin`."""
    size = context.observability.grafana
    name = f"{context.prefix}-grafana"
    password = random.RandomPassword(f"{name}-admin-password", length=32, special=False, opts=context.child)
    key = random.RandomPassword(f"{name}-secret-key", length=40, special=False, opts=context.child)
    placed = place(
        name,
        context.namespace,
        "grafana",
        "/etc/grafana",
        context.documents_of("grafana"),
        {"adminPassword": password.result, "secretKey": key.result},
        context.parent,
    )
    return StatefulWorkload(
        name,
        StatefulWorkloadArgs(
            namespace=context.namespace,
            workload="grafana",
            image=GRAFANA.image.reference,
            replicas=size.replicas,
            volume_gib=size.volume_gib,
            data_path="/var/lib/grafana",
            port=GRAFANA.port,
            health_path=GRAFANA.health_path,
            live_path=GRAFANA.live_path,
            metrics_path=None,
            cpu_request_millicores=size.cpu_request_millicores,
            memory_request_mib=size.memory_mib // 2,
            memory_limit_mib=size.memory_mib,
            labels=context.labels("grafana"),
            env={"GF_PATHS_CONFIG": "/etc/grafana/grafana.ini"},
            flows=context.flows,
            priority=Priority.WATCHING,
            mounts=[placed.mount],
            after=placed.resources,
            start_seconds=120,
        ),
        context.child,
    ), password
