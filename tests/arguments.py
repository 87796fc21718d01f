"""Inputs of components for a test that makes one of them alone, as `components.platform` gives them."""

from collections.abc import Mapping

import pulumi

from components.compute import ComputeArgs, RegistryLogin
from components.edge import CertificatesArgs, GatewayArgs, documents, issued
from components.flows import flows
from components.kubernetes import authority_mounts, authority_path
from components.programs import Client
from components.services import GuardJobArgs, guard_document
from settings import Settings
from settings.values import Slot


def machines(settings: Settings, api_token: str, ssh_private_key: str) -> ComputeArgs:
    """Every machine of a stack."""
    return ComputeArgs(
        compute=settings.compute,
        vms=settings.wanted_vms,
        environment=settings.environment.name,
        flows=flows(settings),
        kubernetes=settings.kubernetes,
        edge=settings.edge,
        api_token=pulumi.Output.secret(api_token),
        ssh_private_key=pulumi.Output.secret(ssh_private_key),
        registry=RegistryLogin(settings.environment.registry_host, "pull-1", pulumi.Output.secret("a-password")),
    )


def gateway(settings: Settings, slot: Slot, passwords: Mapping[Client, pulumi.Input[str]]) -> GatewayArgs:
    """The gateway of a slot."""
    found = documents(settings)
    return GatewayArgs(
        edge=settings.edge,
        environment=settings.environment.label,
        flows=flows(settings),
        slot=slot,
        traefik_yaml=found[f"{slot}/traefik.yaml"],
        routing_yaml=found[f"{slot}/routing.yaml"],
        passwords=passwords,
        database=None,
    )


def certificates(settings: Settings, tsig_secret: pulumi.Input[str] | None) -> CertificatesArgs:
    """The certificates of a stack."""
    return CertificatesArgs(
        edge=settings.edge,
        environment=settings.environment.label,
        issued=issued(settings),
        observability_namespace=settings.observability.namespace,
        flows=flows(settings),
        tsig_secret=tsig_secret,
    )


def guard_job(settings: Settings, service: str, image: str) -> GuardJobArgs:
    """The guard of a service, with planted secrets."""
    return GuardJobArgs(
        namespace=settings.edge.namespace,
        environment=settings.environment.label,
        flows=flows(settings),
        service=service,
        live=settings.releases.services[service].live,
        document=guard_document(settings, service),
        authority_path=authority_path(settings),
        authority_mounts=authority_mounts(settings),
        image=image,
        tsig_secret=pulumi.Output.secret("planted-tsig"),
        service_role_key=pulumi.Output.secret("planted-key"),
    )
