"""Loki, with its data in the object storage (LOG-2, LOG-6)."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from components.kubernetes import SecretEnv, StatefulWorkload, place
from components.observability.rules.model import together
from components.observability.storage_key import StorageKey, key_secret
from components.observability.workload_context import WorkloadContext
from components.programs import LOKI


def deploy_loki(context: WorkloadContext, key: StorageKey) -> StatefulWorkload:
    """Loki in the settings' mode: one pod, or several that keep three copies of what is not stored yet."""
    name = f"{context.prefix}-loki"
    limits_and_rules = context.documents_of("loki")
    # Only this one is read once; Loki looks at its limits every 30 s and at its rules every minute.
    once = {"loki.yaml": limits_and_rules.pop("loki.yaml")}
    placed = place(
        name, context.namespace, "loki", "/etc/loki", once, {}, context.parent, read_anew=_by_tenant(limits_and_rules)
    )
    secret = key_secret(context, "loki", key)
    return StatefulWorkload(
        name,
        replace(
            context.stateful(LOKI, context.observability.loki, "/loki"),
            arguments=["-config.file=/etc/loki/loki.yaml", "-target=all"],
            secret_env={name: SecretEnv(secret.name, name) for name in secret.keys},
            annotations=secret.annotations,
            mounts=[placed.mount, *context.authority_mounts],
            after=[*placed.resources, secret.resource],
            # What is in memory is stored before it ends.
            grace_seconds=300,
            start_seconds=300,
        ),
        context.child,
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
