"""Cases for the rules on the cluster: namespaces, quotas, room on the nodes, networks."""

from math import ceil

from settings.rules import addresses, kubernetes
from tests.unit.settings.rule_cases.case import EXISTING, Case, prod, value
from tests.unit.settings.stacks import ABSENT, data_of

SPACES = "kubernetes.namespaces"
QUOTA = f"{SPACES}.commerce.quota"
SMALL = {
    f"services.{name}.{key}": value
    for name in data_of("prod")["services"]
    for key, value in (("cpu_request_millicores", 1), ("memory_request_mib", 16))
}
FOUR = {**SMALL, "compute.vms.k3s-agent-4": data_of("prod")["compute"]["vms"]["k3s-agent-1"]}
AGENT_ALONE = {f"compute.vms.k3s-agent-{number}": ABSENT for number in (2, 3)} | {"compute.vms.k3s-agent-1.cpus": 20}

CASES = [
    value(
        kubernetes.namespaces,
        "services.auth.namespace",
        "comerce",
        '"comerce" is not a namespace; did you mean commerce?',
        "commerce",
    ),
    value(kubernetes.namespaces, "edge.namespace", "egde", '"egde" is not a namespace; did you mean edge?', "edge"),
    value(
        kubernetes.namespaces,
        "observability.namespace",
        "observabilty",
        '"observabilty" is not a namespace; did you mean observability?',
        "commerce",
    ),
    *(
        value(
            kubernetes.platform_namespaces,
            "services.auth.namespace",
            name,
            f'"{name}" is for the platform\'s own programs; give commerce',
            "commerce",
        )
        for name in ("edge", "observability", "node-agents")
    ),
    *(
        value(kubernetes.quotas, f"{QUOTA}.{key}", needed - 1, f"give at least {needed}", needed)
        for key, needed in (
            ("cpu_requests_millicores", 3 * 6 * 100 + 2 * 4 * 50),
            ("memory_requests_mib", 26 * 128),
            ("memory_limits_mib", 26 * 256),
            ("pods", 26),
        )
    ),
    *(
        value(
            kubernetes.quotas,
            f"{SPACES}.{name}.quota.{key}",
            needed - 1,
            f"{needed - 1} is too little for its pods {who}",
            needed,
        )
        for name, key, needed, who in (
            ("edge", "pods", 2 * 2 + 5, "while they roll out (release guards 5, gateways 4)"),
            ("edge", "memory_limits_mib", 4 * 256 + 5 * 128, "while they roll out (gateways 1024, release guards 640)"),
            ("observability", "pods", 6 + 3 * 2, "while they roll out (blackbox-exporter 2, kube-state-metrics 2, "),
            # What is always there: QuotaAlmostUsed would tell of it for good.
            (
                "observability",
                "memory_limits_mib",
                ceil((1792 + 2 * 128 + 1024 + 768 + 512 + 64 + 256 + 160) / 0.9),
                "within 90% of it (prometheus 1792, loki 1024, tempo 768, ",
            ),
            (
                "observability",
                "cpu_requests_millicores",
                ceil((200 + 2 * 20 + 3 * 100 + 3 * 20) / 0.9),
                "within 90% of it (prometheus 200, ",
            ),
            ("node-agents", "pods", 5, "within 90% of it (node-exporter 2, log-agent 2)"),
            ("node-agents", "memory_requests_mib", 356, "within 90% of it (log-agent 256, node-exporter 64)"),
        )
    ),
    Case(
        kubernetes.reserved_namespaces,
        {f"{SPACES}.kube-system": data_of("dev")["kubernetes"]["namespaces"]["edge"]},
        "kube-system already exists in the cluster; give the namespace another name",
        {f"{SPACES}.kube-systems": data_of("dev")["kubernetes"]["namespaces"]["edge"]},
    ),
    Case(
        kubernetes.privileged_agents,
        {f"{SPACES}.node-agents.pod_security": "baseline"},
        '"baseline" does not let the agents read their node; give privileged',
        {f"{SPACES}.commerce.pod_security": "baseline"},
    ),
    Case(
        kubernetes.room,
        {"compute.vms.k3s-agent-1.cpus": 2},
        "have 1700 thousandths of a processor for them, which ask for",
        {**EXISTING, "compute.vms.k3s-agent-1.cpus": 2},
        at="compute.vms",
    ),
    Case(
        kubernetes.room,
        {"compute.vms.k3s-agent-1.memory_mib": 4096},
        "have 3584 MiB of memory for them, which ask for",
        at="compute.vms",
    ),
    prod(
        kubernetes.room,
        {**FOUR, "services.admin.cpu_request_millicores": 11701, "services.admin.replicas": 1},
        "no machine has the 11701 thousandths of a processor that a pod of admin asks for; the largest has 11700",
        {**FOUR, "services.admin.cpu_request_millicores": 11700, "services.admin.replicas": 1},
        at="compute.vms",
    ),
    prod(
        kubernetes.room,
        {**SMALL, "services.admin.replicas": 100},
        "have, without the largest, 200 pods for them, which ask for",
        {**SMALL, "services.admin.replicas": 70},
        at="compute.vms",
    ),
    *(
        prod(
            kubernetes.room,
            {f"compute.vms.k3s-agent-{number}.{key}": small for number in (1, 2)},
            f"have, without the largest, {left} {what} for them, which ask for",
            {**{f"compute.vms.k3s-agent-{number}.{key}": small for number in (2, 3)}, **AGENT_ALONE},
            at="compute.vms",
        )
        for key, small, left, what in (
            ("cpus", 8, 15400, "thousandths of a processor"),
            ("memory_mib", 15000, 28976, "MiB of memory"),
        )
    ),
    value(
        kubernetes.pod_network,
        "kubernetes.pod_cidr",
        "10.42.0.0/24",
        "10.42.0.0/24 has no /24 for each of 2 nodes; give a /23 or a wider one",
        "10.42.0.0/23",
    ),
    *(
        value(
            kubernetes.pod_network,
            "kubernetes.service_cidr",
            cidr,
            f"{cidr} has a size that Kubernetes does not take; give one from /12 to /24",
            right,
        )
        for cidr, right in (("10.43.0.0/25", "10.43.0.0/24"), ("172.0.0.0/11", "172.16.0.0/12"))
    ),
    *(
        Case(
            addresses.apart_from_the_cluster,
            {path: inside},
            f"{inside} is in kubernetes.{network}, 10.4",
            {path: outside},
            at=path.replace(".0.", "[0].") if path.endswith("address") else at,
        )
        for path, at, inside, outside, network in (
            ("compute.nodes.pve1.address", "compute.nodes.pve1.address", "10.42.1.1", "10.41.1.1", "pod_cidr"),
            (
                "compute.network.name_servers.0",
                "compute.network.name_servers[0]",
                "10.43.0.10",
                "10.44.0.10",
                "service_cidr",
            ),
            ("dns.servers.0.address", "dns.servers[0].address", "10.43.0.10", "10.10.10.53", "service_cidr"),
            (
                "dns.hosts.core.object-storage.0",
                "dns.hosts.core.object-storage[0]",
                "10.42.0.1",
                "10.10.10.41",
                "pod_cidr",
            ),
        )
    ),
    Case(
        addresses.apart_from_the_cluster,
        {"services.api.outside": [{"why": "payments", "network": "10.42.9.0/24"}]},
        "10.42.9.0/24 is in kubernetes.pod_cidr",
        {"services.api.outside": [{"why": "payments", "network": "10.0.0.0/8"}]},
        at="services.api.outside[0].network",
    ),
]
