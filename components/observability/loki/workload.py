"""Loki, with its data in the object storage (LOG-2, LOG-6)."""

from collections import defaultdict
from collections.abc import Mapping

from components.kubernetes import Priority, SecretEnv, StatefulWorkload, StatefulWorkloadArgs, place
from components.observability.rules.model import together
from components.observability.site import Site
from components.observability.storage_key import StorageKey, key_secret
from components.programs import LOKI


def put_loki(site: Site, key: StorageKey) -> StatefulWorkload:
    """Loki in the settings' mode: one pod, or several that keep three copies of what is not stored yet."""
    size = site.observability.loki
    name = f"{site.prefix}-loki"
    limits_and_rules = site.documents_of("loki")
    # Only this one is read once; Loki looks at its limits every 30 s and at its rules every minute.
    once = {"loki.yaml": limits_and_rules.pop("loki.yaml")}
    placed = place(
        name, site.namespace, "loki", "/etc/loki", once, {}, site.parent, read_anew=_by_tenant(limits_and_rules)
    )
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
            mounts=[placed.mount, *site.authority_mounts],
            after=[*placed.resources, secret.resource],
            # What is in memory is stored before it ends.
            grace_seconds=300,
            start_seconds=300,
        ),
        site.child,
    )


def _by_tenant(documents: Mapping[str, str]) -> dict[str, str]:
    """The limits as they are, and the rules of each tenant as one file in its folder."""
    folders: dict[str, list[str]] = defaultdict(list)
    for path, text in documents.items():
        folders[path.rpartition("/")[0]].append(text)
    return {
        **{path: text for path, text in documents.items() if "/" not in path},
        **{path: text for folder, texts in folders.items() if folder for path, text in together(texts, folder).items()},
    }
