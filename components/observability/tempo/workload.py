"""Tempo, with its data in the object storage (MON-4)."""

from dataclasses import replace

from components.kubernetes import SecretEnv, StatefulWorkload, place
from components.observability.storage_key import StorageKey, key_secret
from components.observability.workload_context import WorkloadContext
from components.programs import TEMPO


def deploy_tempo(context: WorkloadContext, key: StorageKey) -> StatefulWorkload:
    """Tempo as one program; services and gateways send it their spans by OTLP."""
    name = f"{context.prefix}-tempo"
    placed = place(name, context.namespace, "tempo", "/etc/tempo", context.documents_of("tempo"), {}, context.parent)
    secret = key_secret(context, "tempo", key)
    return StatefulWorkload(
        name,
        replace(
            context.stateful(TEMPO, context.observability.tempo, "/var/tempo"),
            # The replicas' own ports need no Service.
            ports={name: port for name, port in TEMPO.ports.items() if name.startswith("otlp")},
            arguments=["-config.file=/etc/tempo/tempo.yaml"],
            secret_env={name: SecretEnv(secret.name, name) for name in secret.keys},
            annotations=secret.annotations,
            mounts=[placed.mount, *context.authority_mounts],
            after=[*placed.resources, secret.resource],
            grace_seconds=120,
            start_seconds=120,
        ),
        context.child,
    )
