"""A gateway: the pods through which users of one slot come in, behind an address of their own (REL-1, SEC-1)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast

import pulumi
import pulumi_kubernetes as k8s

from components.edge.plugin import FILES, MODULE
from components.edge.static import ACCEPT_SECONDS
from components.flows import GATEWAY_METRICS_PORT, GATEWAY_PORTS, NAME_LABEL, Flows
from components.kubernetes import Balancer, Files, Mount, Priority, Workload, WorkloadArgs, place
from components.programs import Client
from components.routing import DYNAMIC, READY_PATH, ROUTING_FILE, ZONE_KEYS
from components.routing.access import ACCESS_FILE, access_yaml
from components.routing.database import TRANSPORT_FILE, transport_yaml
from settings.edge import Edge
from settings.values import Slot
from versions import TRAEFIK

_STATIC = "/etc/traefik/static"
_SPARE_SECONDS = 10
"""Between the end of the drain and the end of patience: the pod's own pause before it, and some more."""


@dataclass(frozen=True)
class GatewayArgs:
    """Inputs of a Gateway."""

    edge: Edge
    """Settings of the gateways."""
    environment: str
    """Value of the label `environment`."""
    flows: Flows
    """Flows of the stack."""
    slot: Slot
    """Whose gateway it is."""
    traefik_yaml: str
    """Traefik's own configuration; a change of it replaces the pods."""
    routing_yaml: str
    """The routing document; a change of it replaces no pod."""
    passwords: Mapping[Client, pulumi.Input[str]]
    """Password of each client of the programs behind it; secret."""
    database: pulumi.Input[str] | None
    """Certificate of the stack's own database, in PEM; None where it runs elsewhere."""


class Gateway(pulumi.ComponentResource):
    """Traefik with its documents; it routes by what its folder holds, so a release does not restart it."""

    address: str
    """Virtual address in the machines' network; public names may lead to another one, `public_address`."""
    workload: Workload
    """The pods and their Service."""
    routing: k8s.core.v1.ConfigMap
    """The routing document; a release changes this one object."""

    def __init__(self, name: str, args: GatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:edge:Gateway", name, None, opts)
        edge, slot = args.edge, args.slot
        workload = f"gateway-{slot}"
        labels = {
            NAME_LABEL: "traefik",
            "luxima.id/slot": slot,
            "environment": args.environment,
        }
        static = place(
            f"{name}-static",
            edge.namespace,
            f"{workload}-static",
            _STATIC,
            {"traefik.yaml": args.traefik_yaml},
            {},
            self,
        )
        plugin = place(
            f"{name}-plugin",
            edge.namespace,
            f"{workload}-plugin",
            "/plugins-local",
            {f"src/{MODULE}/{file}": text for file, text in FILES.items()},
            {},
            self,
        )
        # Its name stays and it can be changed: a new route is a new file, not a new pod.
        self.routing = k8s.core.v1.ConfigMap(
            f"{name}-routing",
            metadata=_metadata(edge.namespace, f"{workload}-routing", labels),
            data={"routing.yaml": args.routing_yaml},
            opts=pulumi.ResourceOptions(parent=self),
        )
        access = k8s.core.v1.Secret(
            f"{name}-access",
            metadata=_metadata(edge.namespace, f"{workload}-access", labels),
            type="Opaque",
            string_data={"access.yaml": pulumi.Output.secret(pulumi.Output.all(**args.passwords).apply(_access))},
            opts=pulumi.ResourceOptions(parent=self),
        )
        documents: list[pulumi.Resource] = [self.routing, access]
        if args.database is not None:
            documents.append(
                # It is no secret, but known after an update only, as a policy lets Secrets alone be.
                k8s.core.v1.Secret(
                    f"{name}-database",
                    metadata=_metadata(edge.namespace, f"{workload}-database", labels),
                    type="Opaque",
                    string_data={"database.yaml": pulumi.Output.from_input(args.database).apply(transport_yaml)},
                    opts=pulumi.ResourceOptions(parent=self),
                )
            )
        dynamic = _dynamic(workload, args.database is not None)
        self.workload = Workload(
            name,
            WorkloadArgs(
                namespace=edge.namespace,
                workload=workload,
                image=TRAEFIK.reference,
                replicas=edge.replicas,
                port=GATEWAY_METRICS_PORT,
                ports={"http-redirect": GATEWAY_PORTS[80], "websecure": GATEWAY_PORTS[443]},
                balancer=Balancer(edge.gateways[slot].addresses, {"http-redirect": 80, "websecure": 443}),
                health_path=READY_PATH,
                live_path=None,
                metrics_path=None,
                cpu_request_millicores=edge.cpu_request_millicores,
                memory_request_mib=edge.memory_mib,
                memory_limit_mib=edge.memory_mib,
                labels=labels,
                arguments=[f"--configFile={_STATIC}/traefik.yaml"],
                # What is more than this is collected at once, before the limit ends the program.
                env={"GOMEMLIMIT": f"{edge.memory_mib * 9 // 10}MiB"},
                flows=args.flows,
                priority=Priority.GATEWAYS,
                mounts=[
                    static.mount,
                    replace(plugin.mount, name="plugin"),
                    dynamic,
                ],
                after=[*static.resources, *plugin.resources, *documents],
                grace_seconds=ACCEPT_SECONDS + edge.drain_seconds + _SPARE_SECONDS,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.address = edge.gateways[slot].address
        self.register_outputs({"address": self.address, "service": self.workload.service_name})


def _access(passwords: Mapping[str, str]) -> str:
    return access_yaml(cast("Mapping[Client, str]", passwords))


def _metadata(namespace: str, name: str, labels: Mapping[str, str]) -> k8s.meta.v1.ObjectMetaArgs:
    """Of an object whose name stays, so that a change of it is no new pod."""
    return k8s.meta.v1.ObjectMetaArgs(
        name=name, namespace=namespace, labels={"app.kubernetes.io/part-of": "luxima", **labels}
    )


def _dynamic(workload: str, database: bool) -> Mount:
    """The folder that Traefik watches. All is in one volume, so that a renewed certificate is a change of the folder.

    A gateway starts without certificates: they come later, and until then nobody gets a wrong one.
    """
    tls = {f"edge-{key}": {file: f"tls/{key}/{file}" for file in ("tls.crt", "tls.key")} for key in ZONE_KEYS}
    known = {f"{workload}-database": {"database.yaml": TRANSPORT_FILE}} if database else {}
    files = Files(
        {f"{workload}-routing": {"routing.yaml": ROUTING_FILE}},
        {f"{workload}-access": {"access.yaml": ACCESS_FILE}, **known},
        tls,
    )
    return Mount("dynamic", DYNAMIC, files)
