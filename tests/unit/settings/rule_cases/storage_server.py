"""Cases for the rules on the object storage's own server."""

from settings.rules import storage_server
from tests.unit.settings.rule_cases.case import Case, prod, value

CASES = [
    Case(
        storage_server.hosts,
        {"storage.server.hosts": ["k3s-agent-1"]},
        '"k3s-agent-1" is not a machine of role docker_host; give docker-1',
        {"storage.server.hosts": ["k3s-agent-1"], "storage.server.mode": "existing"},
        at="storage.server.hosts[0]",
    ),
    prod(
        storage_server.hosts,
        {"storage.server.hosts": ["docker-1", "docker-2", "docker-1"]},
        '"docker-1" is named already; it has one drive',
        {"storage.server.hosts": ["docker-1", "docker-2", "docker-3"]},
        at="storage.server.hosts[2]",
    ),
    value(
        storage_server.majority,
        "storage.server.hosts",
        ["docker-1", "docker-2"],
        "has 2 hosts; when one is lost, the other is no majority and takes no writes; give 1, or at least 3",
        ["docker-2"],
        stack="prod",
    ),
    prod(
        storage_server.nodes_apart,
        {"compute.vms.docker-3.node": "pve2"},
        "has docker-2 and docker-3 on node pve2, which takes them with it; put each on a node of its own "
        "(requirement ENV-4)",
        {"compute.vms.docker-3.node": "pve3"},
        at="storage.server.hosts",
    ),
    value(
        storage_server.memory,
        "storage.server.memory_mib",
        2625,
        "its 2625 MiB, the database's 4032 and the host's own 1536 are more than the 8192 of docker-1; "
        "give compute.vms.docker-1.memory_mib 8193, or less here",
        2624,
    ),
    prod(
        storage_server.memory,
        {"compute.vms.docker-2.memory_mib": 9727},
        "its 8192 MiB and the host's own 1536 are more than the 9727 of docker-2; ",
        {"compute.vms.docker-2.memory_mib": 9728},
        at="storage.server.memory_mib",
    ),
    Case(
        storage_server.disk,
        {"compute.vms.docker-1.disk_gib": 449},
        "the quotas of all buckets, 410 GiB, and 40 for the rest are more than the 449 of docker-1; "
        "give compute.vms.docker-1.disk_gib 450, or the buckets less quota_gib",
        {"compute.vms.docker-1.disk_gib": 450},
        at="storage.buckets",
    ),
    prod(
        storage_server.disk,
        {"compute.vms.docker-3.disk_gib": 3873},
        "the quotas of all buckets, 7668 GiB in 2 parts, and 40 for the rest are more than the 3873 of docker-3; "
        "give compute.vms.docker-3.disk_gib 3874, or the buckets less quota_gib",
        {"compute.vms.docker-3.disk_gib": 3874},
        at="storage.buckets",
    ),
    value(
        storage_server.led_to,
        "dns.hosts.core.object-storage",
        ["10.10.30.41", "10.10.30.42"],
        "10.10.30.41 and 10.10.30.42 is not where the server is; give [10.10.30.41, 10.10.30.42, 10.10.30.43], "
        "the addresses of docker-1, docker-2 and docker-3",
        ["10.10.30.43", "10.10.30.42", "10.10.30.41"],
        stack="prod",
    ),
    Case(
        storage_server.led_to,
        {"storage.endpoint": "object-storage.dev.luxima.local:9000"},
        '"object-storage.dev.luxima.local:9000" is not the stack\'s own server; give '
        "object-storage.dev.luxima.local:443, or storage.server.mode existing",
        {"storage.endpoint": "object-storage.dev.luxima.local:9000", "storage.server.mode": "beside"},
    ),
    Case(
        storage_server.led_to,
        {"dns.hosts.core.object-storage": ["10.10.10.42"]},
        "10.10.10.42 is not where the server is; give [10.10.10.41], the address of docker-1",
        {"dns.hosts.core.object-storage": ["10.10.10.42"], "storage.server.mode": "existing"},
    ),
    prod(
        storage_server.apart,
        {"storage.server.hosts": ["docker-1"]},
        "is the database's host, so its backups would be lost with it; give another Docker host, or three "
        "(requirement BAK-1)",
        {"storage.server.hosts": ["docker-1", "docker-2", "docker-3"]},
        at="storage.server.hosts[0]",
    ),
]
