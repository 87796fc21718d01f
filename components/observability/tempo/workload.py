"""Tempo, with its data in the object storage (MON-4)."""

from components.kubernetes import Priority, SecretEnv, StatefulWorkload, StatefulWorkloadArgs, place
from components.observability.storage_key import StorageKey, key_secret
from components.observability.workload_context import WorkloadContext
from components.programs import TEMPO


def deploy_tempo(context: WorkloadContext, key: StorageKey) -> StatefulWorkload:
    """Tempo as one program; services and gateways send it their spans by OTLP."""
    size = context.observability.tempo
    name = f"{context.prefix}-tempo"
    placed = place(name, context.namespace, "tempo", "/etc/tempo", context.documents_of("tempo"), {}, context.parent)
    secret = key_secret(context, "tempo", key)
    return StatefulWorkload(
        name,
        StatefulWorkloadArgs(
            namespace=context.namespace,
            workload="tempo",
            image=TEMPO.image.reference,
            replicas=size.replicas,
            volume_gib=size.volume_gib,
            data_path="/var/tempo",
            port=TEMPO.port,
            # The replicas' own ports need no Service.
            ports={name: port for name, port in TEMPO.ports.items() if name.startswith("otlp")},
            health_path=TEMPO.health_path,
            live_path=TEMPO.live_path,
            metrics_path=None,
            cpu_request_millicores=size.cpu_request_millicores,
            memory_request_mib=size.memory_mib // 2,
            memory_limit_mib=size.memory_mib,
            labels=context.labels("tempo"),
            arguments=["-config.file=/etc/tempo/tempo.yaml"],
            flows=context.flows,
            priority=Priority.WATCHING,
            secret_env={name: SecretEnv(secret.name, name) for name in secret.keys},
            annotations=secret.annotations,
            mounts=[placed.mount, *context.authority_mounts],
            after=[*placed.resources, secret.resource],
            grace_seconds=120,
            start_seconds=120,
        ),
        context.child,
    )
