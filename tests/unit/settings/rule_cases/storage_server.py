"""Cases for the rules on the object storage's own server."""

from settings.rules import storage_server
from tests.unit.settings.rule_cases.case import Case, prod

CASES = [
    Case(
        storage_server.host,
        {"storage.server.host": "k3s-agent-1"},
        "storage.server.host",
        '"k3s-agent-1" is not a machine of role docker_host; give docker-1',
        {"storage.server.host": "k3s-agent-1", "storage.server.mode": "existing"},
    ),
    Case(
        storage_server.memory,
        {"storage.server.memory_mib": 2625},
        "storage.server.memory_mib",
        "its 2625 MiB, the database's 4032 and the host's own 1536 are more than the 8192 of docker-1; "
        "give compute.vms.docker-1.memory_mib 8193, or less here",
        {"storage.server.memory_mib": 2624},
    ),
    prod(
        storage_server.memory,
        {"compute.vms.docker-2.memory_mib": 9727},
        "storage.server.memory_mib",
        "its 8192 MiB and the host's own 1536 are more than the 9727 of docker-2; ",
        {"compute.vms.docker-2.memory_mib": 9728},
    ),
    Case(
        storage_server.disk,
        {"compute.vms.docker-1.disk_gib": 449},
        "storage.buckets",
        "the quotas of all buckets, 410 GiB, and 40 for the rest are more than the 449 of docker-1; "
        "give compute.vms.docker-1.disk_gib 450, or the buckets less quota_gib",
        {"compute.vms.docker-1.disk_gib": 450},
    ),
    Case(
        storage_server.led_to,
        {"storage.endpoint": "object-storage.dev.luxima.local:9000"},
        "storage.endpoint",
        '"object-storage.dev.luxima.local:9000" is not the stack\'s own server; give '
        "object-storage.dev.luxima.local:443, or storage.server.mode existing",
        {"storage.endpoint": "object-storage.dev.luxima.local:9000", "storage.server.mode": "beside"},
    ),
    Case(
        storage_server.led_to,
        {"dns.hosts.core.object-storage": ["10.10.10.42"]},
        "dns.hosts.core.object-storage",
        "10.10.10.42 is not where the server is; give [10.10.10.41], the address of docker-1",
        {"dns.hosts.core.object-storage": ["10.10.10.42"], "storage.server.mode": "existing"},
    ),
    prod(
        storage_server.apart,
        {"storage.server.host": "docker-1"},
        "storage.server.host",
        "is the database's host, so its backups would be lost with it; give another Docker host (requirement BAK-1)",
        {"storage.server.host": "docker-2"},
    ),
]
