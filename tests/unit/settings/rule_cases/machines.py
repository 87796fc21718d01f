"""Cases for the rules on VMs, LXCs and availability."""

from settings.rules import availability, guests
from tests.unit.settings.rule_cases.case import EXISTING, Case, prod, value
from tests.unit.settings.stacks import ABSENT, data_of

VM = "compute.vms.docker-1"
NEW_VM = {"id": 3190, "cpus": 1, "memory_mib": 512, "disk_gib": 8, "start_order": 9, "role": "k3s_server"}
TWO_SERVERS = {"compute.vms.k3s-server-2": {**NEW_VM, "node": "pve1", "address": "10.10.10.22"}}
THREE_SERVERS = {**TWO_SERVERS, "compute.vms.k3s-server-3": {**NEW_VM, "node": "pve1", "address": "10.10.10.23"}}

CASES = [
    value(
        guests.snapshot_ids,
        "backup.deployment.last_id",
        3910,
        "3910 leaves 11 numbers from 3900 on, too few for 12 snapshots; give at least 3911",
        3911,
        stack="prod",
    ),
    prod(
        guests.snapshot_ids,
        {"backup.deployment.first_id": 3142},
        "3142 to 3949 has the id of containers.ns2, 3142; give snapshots numbers that no guest has",
        {"backup.deployment.first_id": 3143},
        at="backup.deployment.last_id",
    ),
    value(guests.ids, f"{VM}.id", 1121, "1121 is the id of vms.k3s-agent-1 already", 1122),
    Case(
        guests.ids,
        {"compute.containers.ns1.id": 1131},
        "1131 is the id of vms.docker-1",
        {**EXISTING, "compute.containers.ns1.id": 1121},
    ),
    Case(
        guests.names,
        {"compute.containers.docker-1": data_of("dev")["compute"]["containers"]["ns1"]},
        "is the name of a VM already",
        {"compute.containers.docker-2": data_of("dev")["compute"]["containers"]["ns1"]},
    ),
    Case(
        guests.nodes,
        {f"{VM}.node": "pve2"},
        '"pve2" is not a node; did you mean pve1?',
        {f"{VM}.node": "pve2", "compute.nodes.pve2": data_of("dev")["compute"]["nodes"]["pve1"]},
    ),
    value(guests.guest_size, f"{VM}.cpus", 17, "17 is more than node pve1 has; give at most 16", 16),
    Case(guests.guest_size, {f"{VM}.cpus": 100}, "give at most 16", {f"{VM}.cpus": 100, f"{VM}.node": "unknown"}),
    Case(
        guests.node_memory,
        {f"{VM}.memory_mib": 65536},
        "is less than its guests have together, 78336",
        {f"{VM}.memory_mib": 65537},
        at="compute.nodes.pve1.memory_mib",
    ),
    value(guests.guest_size, f"{VM}.memory_mib", 65537, "65537 is more than node pve1 has; give at most 65536", 65536),
    value(
        guests.node_memory,
        "compute.nodes.pve1.memory_mib",
        20991,
        "20991 is less than its guests have together, 20992 (vms.k3s-server-1 4096, vms.k3s-agent-1 8192, ",
        20992,
    ),
    prod(
        guests.started_elsewhere,
        {"compute.containers.ns1.ha": True},
        "is true, but no other node has what is on local-lvm and local, so none could start ns1",
        {"compute.containers.ns1.ha": True, "compute.storage.shared": True, "compute.storage.disks": "ceph"},
    ),
    Case(
        guests.started_elsewhere,
        {f"{VM}.ha": True, "compute.storage.shared": True},
        "is true, but of 1 nodes none can decide that the other is dead",
        {f"{VM}.ha": False},
        at=f"{VM}.ha",
    ),
    *(
        value(
            guests.machine_size,
            f"compute.vms.{vm}.{key}",
            least - 1,
            f"{least - 1} is too little for a machine of role {role}; give at least {least}",
            least,
        )
        for vm, role, key, least in (
            ("k3s-server-1", "k3s_server", "cpus", 2),
            ("k3s-server-1", "k3s_server", "memory_mib", 2048),
            ("k3s-agent-1", "k3s_agent", "memory_mib", 1024),
            ("docker-1", "docker_host", "disk_gib", 20),
        )
    ),
    Case(availability.k3s_servers, TWO_SERVERS, "has 2 machines of role k3s_server", THREE_SERVERS, at="compute.vms"),
    Case(
        availability.k3s_servers,
        {"compute.vms.k3s-server-1": ABSENT},
        "has 0 machines of role k3s_server; give 1 or 3",
        {**EXISTING, "compute.vms.k3s-server-1": ABSENT},
        at="compute.vms",
    ),
    Case(
        availability.k3s_version,
        {"kubernetes.version": "v1.34.2"},
        '"v1.34.2" is not a release of k3s',
        {**EXISTING, "kubernetes.version": "v1.34.2"},
    ),
    value(
        availability.k3s_version,
        "kubernetes.version",
        "v1.34.2+rke2r1",
        '"v1.34.2+rke2r1" is not a release of k3s',
        "v1.33.0+k3s12",
    ),
    prod(
        availability.prod_servers,
        {"compute.vms.k3s-server-2": ABSENT, "compute.vms.k3s-server-3": ABSENT},
        "has 1 machines of role k3s_server; high availability in prod needs at least 3 (requirement ENV-4)",
        {**EXISTING, "compute.vms.k3s-server-2": ABSENT, "compute.vms.k3s-server-3": ABSENT},
        at="compute.vms",
    ),
    prod(
        availability.prod_servers,
        {"compute.vms.k3s-server-2.node": "pve1"},
        "has its 3 machines of role k3s_server on 2 nodes; put each on a node of its own (requirement ENV-4)",
        {"compute.vms.k3s-server-2.node": "pve4"},
        at="compute.vms",
    ),
    prod(
        availability.prod_agents,
        {"compute.vms.k3s-agent-2.node": "pve1", "compute.vms.k3s-agent-3.node": "pve1"},
        "has machines of role k3s_agent on 1 nodes",
        {"compute.vms.k3s-agent-3": ABSENT},
        at="compute.vms",
    ),
    prod(
        availability.prod_agents,
        {f"compute.vms.k3s-agent-{number}": ABSENT for number in (1, 2, 3)},
        "has machines of role k3s_agent on 0 nodes",
        {**EXISTING, **{f"compute.vms.k3s-agent-{number}": ABSENT for number in (1, 2, 3)}},
        at="compute.vms",
    ),
    prod(
        availability.prod_name_servers,
        {"compute.containers.ns2.node": "pve1"},
        "has containers of role name_server on 1 nodes",
        {"compute.containers.ns1.role": "general", "compute.containers.ns2.role": "general"},
        at="compute.containers",
    ),
    prod(
        availability.prod_name_servers,
        {"compute.containers.ns2": ABSENT},
        "has containers of role name_server on 1 nodes",
        at="compute.containers",
    ),
    prod(
        availability.prod_docker_hosts,
        {"compute.vms.docker-2.node": "pve1", "compute.vms.docker-3.node": "pve1"},
        "has 3 machines of role docker_host on one node, which takes them with it",
        {"compute.vms.docker-2": ABSENT},
        at="compute.vms",
    ),
    value(
        availability.prod_replicas,
        "services.admin.replicas",
        1,
        "1 is too few for high availability in prod; give at least 2 (requirement ENV-4)",
        2,
        stack="prod",
    ),
]
