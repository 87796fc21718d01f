"""Grafana, the one place to look (MON-3)."""

from dataclasses import replace

import pulumi_random as random

from components.kubernetes import StatefulWorkload, place
from components.observability.workload_context import WorkloadContext
from components.programs import GRAFANA


def deploy_grafana(context: WorkloadContext) -> tuple[StatefulWorkload, random.RandomPassword]:
    """Grafana with its data sources and dashboards; and the password of the user `admin`."""
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
        replace(
            context.stateful(GRAFANA, context.observability.grafana, "/var/lib/grafana"),
            env={"GF_PATHS_CONFIG": "/etc/grafana/grafana.ini"},
            mounts=[placed.mount],
            after=placed.resources,
            start_seconds=120,
        ),
        context.child,
    ), password
