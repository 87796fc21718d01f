"""The Proxmox VE exporter: metrics of the hypervisor's hosts, storages and guests, read from its API (MON-2)."""

import posixpath
from typing import Final

import pulumi

from components.kubernetes import Priority, Workload, WorkloadArgs, place
from components.observability.pve_exporter import AUTHORITY
from components.observability.workload_context import WorkloadContext
from components.programs import PVE_EXPORTER
from components.text import to_yaml
from settings.capacity import pods
from settings.secrets import told_to

_FOLDER: Final = "/etc/pve-exporter"
_FILE: Final = "pve.yml"


def pve_yml(token: str) -> str:
    """How the API is logged in to with a token `user@realm!name=uuid`; secret like the token."""
    user, _, named = token.partition("!")
    name, _, value = named.partition("=")
    return to_yaml({"default": {"user": user, "token_name": name, "token_value": value, "verify_ssl": True}})


def deploy_pve_exporter(context: WorkloadContext) -> Workload:
    """Asks the API whenever Prometheus asks it; which one, Prometheus says."""
    name = f"{context.prefix}-{PVE_EXPORTER.name}"
    texts = context.documents_of(PVE_EXPORTER.name)
    (token,) = context.secrets.of(*told_to("pve-exporter")).values()
    secrets = {_FILE: pulumi.Output.from_input(token).apply(pve_yml)}
    placed = place(name, context.namespace, PVE_EXPORTER.name, _FOLDER, texts, secrets, context.parent)
    return Workload(
        name,
        WorkloadArgs(
            namespace=context.namespace,
            workload=PVE_EXPORTER.name,
            image=PVE_EXPORTER.image.reference,
            replicas=1,
            service_port=PVE_EXPORTER.port,
            port=PVE_EXPORTER.port,
            health_path=PVE_EXPORTER.health_path,
            live_path=None,
            metrics_path=None,
            cpu_request_millicores=pods.PVE_EXPORTER.cpu_request_millicores,
            memory_request_mib=pods.PVE_EXPORTER.memory_request_mib,
            memory_limit_mib=pods.PVE_EXPORTER.memory_limit_mib,
            labels=context.labels(PVE_EXPORTER.name),
            arguments=[
                f"--config.file={_FOLDER}/{_FILE}",
                f"--web.listen-address=0.0.0.0:{PVE_EXPORTER.port}",
                # Each is a question to the API, whose answer nobody asks for here.
                *(f"--no-collector.{name}" for name in ("node", "qdevice", "version")),
            ],
            # Its client believes the authorities of this file, where there is one, instead of the image's.
            env={"REQUESTS_CA_BUNDLE": posixpath.join(_FOLDER, AUTHORITY)} if texts else {},
            flows=context.flows,
            priority=Priority.WATCHING,
            mounts=[placed.mount],
            after=placed.resources,
        ),
        context.child,
    )
