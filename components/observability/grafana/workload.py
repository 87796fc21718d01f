"""Grafana, the one place to look (MON-3)."""

import pulumi_random as random

from components.kubernetes import Priority, StatefulWorkload, StatefulWorkloadArgs, place
from components.observability.site import Site
from components.programs import GRAFANA


def put_grafana(site: Site) -> tuple[StatefulWorkload, random.RandomPassword]:
    """Grafana with its data sources and dashboards; and the password of the user `admin`."""
    size = site.observability.grafana
    name = f"{site.prefix}-grafana"
    password = random.RandomPassword(f"{name}-admin-password", length=32, special=False, opts=site.child)
    key = random.RandomPassword(f"{name}-secret-key", length=40, special=False, opts=site.child)
    placed = place(
        name,
        site.namespace,
        "grafana",
        "/etc/grafana",
        site.documents_of("grafana"),
        {"adminPassword": password.result, "secretKey": key.result},
        site.parent,
    )
    return StatefulWorkload(
        name,
        StatefulWorkloadArgs(
            namespace=site.namespace,
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
            labels=site.labels("grafana"),
            env={"GF_PATHS_CONFIG": "/etc/grafana/grafana.ini"},
            flows=site.flows,
            priority=Priority.WATCHING,
            mounts=[placed.mount],
            after=placed.resources,
            start_seconds=120,
        ),
        site.child,
    ), password
