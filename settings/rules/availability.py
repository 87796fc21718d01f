"""Rules on the cluster's machines and on high availability in prod (INF-2, ENV-4)."""

import re
from collections.abc import Iterator

from settings.report import Problem
from settings.shape import whole
from settings.stack import Settings


def k3s_servers(settings: Settings) -> Iterator[Problem]:
    """On the servers, etcd decides by majority: an even number of them bears no more failures and can tie."""
    servers = settings.compute.by_role("k3s_server")
    if settings.kubernetes.mode == "k3s" and len(servers) % 2 == 0:
        text = (
            f"has {len(servers)} machines of role k3s_server; give 1 or 3, an odd number, so that etcd has a majority"
        )
        yield Problem(("compute", "vms"), text)


def k3s_version(settings: Settings) -> Iterator[Problem]:
    """What is installed is a release of k3s."""
    version = settings.kubernetes.version
    if settings.kubernetes.mode == "k3s" and not re.search(r"\+k3s[0-9]+$", version):
        text = f'"{version}" is not a release of k3s; give one that ends in +k3s and a number, such as v1.36.5+k3s1'
        yield Problem(("kubernetes", "version"), text)


def prod_servers(settings: Settings) -> Iterator[Problem]:
    """In prod the cluster's control plane outlives the loss of any node (ENV-4)."""
    if settings.environment.name != "prod" or settings.kubernetes.mode != "k3s":
        return
    servers = settings.compute.by_role("k3s_server")
    nodes = {vm.node for vm in servers.values()}
    if len(servers) < 3:
        text = f"has {len(servers)} machines of role k3s_server; high availability in prod needs at least 3"
        yield Problem(("compute", "vms"), f"{text} (requirement ENV-4)")
    elif len(nodes) < len(servers):
        text = (
            f"has its {len(servers)} machines of role k3s_server on {len(nodes)} nodes; put each on a node of its own"
        )
        yield Problem(("compute", "vms"), f"{text} (requirement ENV-4)")


def prod_agents(settings: Settings) -> Iterator[Problem]:
    """In prod a service's replicas find at least two nodes to be on (ENV-4)."""
    if settings.environment.name != "prod" or settings.kubernetes.mode != "k3s":
        return
    nodes = {vm.node for vm in settings.compute.by_role("k3s_agent").values()}
    if len(nodes) < 2:
        text = (
            f"has machines of role k3s_agent on {len(nodes)} nodes; high availability in prod needs them on at least 2"
        )
        yield Problem(("compute", "vms"), f"{text} (requirement ENV-4)")


def prod_name_servers(settings: Settings) -> Iterator[Problem]:
    """In prod the stack's own name servers outlive the loss of any node (ENV-4); others are not its business."""
    if settings.environment.name != "prod":
        return
    servers = [container for _, container in whole(settings.compute.containers) if container.role == "name_server"]
    nodes = {server.node for server in servers}
    if servers and len(nodes) < 2:
        text = f"has containers of role name_server on {len(nodes)} nodes; high availability in prod needs them on 2"
        yield Problem(("compute", "containers"), f"{text} (requirement ENV-4)")


def prod_docker_hosts(settings: Settings) -> Iterator[Problem]:
    """In prod two Docker hosts are not lost with one node (ENV-4); one alone is a decision."""
    hosts = settings.compute.by_role("docker_host")
    if settings.environment.name == "prod" and len(hosts) > len({vm.node for vm in hosts.values()}) == 1:
        text = f"has {len(hosts)} machines of role docker_host on one node, which takes them with it"
        yield Problem(("compute", "vms"), f"{text}; put one on another node (requirement ENV-4)")


def prod_replicas(settings: Settings) -> Iterator[Problem]:
    """In prod every service outlives the loss of a pod (ENV-4)."""
    if settings.environment.name != "prod":
        return
    for name, service in whole(settings.services):
        if service.replicas < 2:
            text = f"{service.replicas} is too few for high availability in prod; give at least 2 (requirement ENV-4)"
            yield Problem(("services", name, "replicas"), text)


RULES = (k3s_servers, k3s_version, prod_servers, prod_agents, prod_name_servers, prod_docker_hosts, prod_replicas)
