"""Loki, with its data in the object storage (LOG-2, LOG-6)."""

from components.kubernetes import Priority, SecretEnv, StatefulWorkload, StatefulWorkloadArgs, authority_mounts, place
from components.observability import loki
from components.observability.servers.keys import key_secret
from components.observability.servers.site import Site, StorageKey
from components.programs import LOKI


def put_loki(site: Site, key: StorageKey) -> StatefulWorkload:
    """Loki in the settings' mode: one pod, or several that keep three copies of what is not stored yet."""
    settings, size = site.settings, site.settings.observability.loki
    name = f"{site.prefix}-loki"
    placed = place(name, site.namespace, "loki", "/etc/loki", loki.documents(settings), {}, site.parent)
    secret = key_secret(site, "loki", key)
    return StatefulWorkload(
        name,
        StatefulWorkloadArgs(
            namespace=site.namespace,
            workload="loki",
            image=LOKI.image.reference,
            replicas=size.replicas,
            volume_gib=size.volume_gib,
            data_path="/loki",
            port=LOKI.port,
            ports=LOKI.ports,
            health_path=LOKI.health_path,
            live_path=LOKI.live_path,
            metrics_path=None,
            cpu_request_millicores=size.cpu_request_millicores,
            memory_request_mib=size.memory_mib // 2,
            memory_limit_mib=size.memory_mib,
            labels=site.labels("loki"),
            arguments=["-config.file=/etc/loki/loki.yaml", "-target=all"],
            flows=site.flows,
            priority=Priority.WATCHING,
            secret_env={name: SecretEnv(secret.name, name) for name in secret.keys},
            annotations=secret.annotations,
            mounts=[placed.mount, *authority_mounts(settings)],
            after=[*placed.resources, secret.resource],
            # What is in memory is stored before it ends.
            grace_seconds=300,
            start_seconds=300,
        ),
        site.child,
    )
