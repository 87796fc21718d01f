"""Cases for the rules on the stack's own database."""

from settings.rules import database
from tests.unit.settings.rule_cases.case import Case, prod
from tests.unit.settings.stacks import ABSENT

CASES = [
    Case(
        database.host,
        {"database.host": "k3s-agent-1"},
        "database.host",
        '"k3s-agent-1" is not a machine of role docker_host; give docker-1',
        {"database.host": "docker-1"},
    ),
    Case(
        database.host,
        {"compute.vms.docker-1.memory_mib": 5567},
        "database.memory_mib",
        "the containers and the host's own need 5568 MiB, and docker-1 has 5567",
        {"compute.vms.docker-1.memory_mib": 5568},
    ),
    Case(
        database.host,
        {"observability.database": "10.10.10.31:5432"},
        "observability.database",
        '"10.10.10.31" is not the host of the database; give 10.10.10.41:5432',
        {"observability.database": "10.10.10.41:5432"},
    ),
    prod(
        database.replica,
        {"database.replica": ABSENT},
        "database.replica",
        "is missing: prod has a replica on another Proxmox node (requirement INF-4); give docker-2 or docker-3",
        {"database.replica": "docker-2"},
    ),
    prod(
        database.replica,
        {"database.replica": "k3s-agent-2"},
        "database.replica",
        '"k3s-agent-2" is not a machine of role docker_host; give docker-2 or docker-3',
        {},
    ),
    prod(
        database.replica,
        {"compute.vms.docker-2.node": "pve1"},
        "database.replica",
        '"docker-2" is on node pve1, which takes the database along; give docker-3 (requirement INF-4)',
        {"compute.vms.docker-2.node": "pve3"},
    ),
    prod(
        database.replica,
        {"compute.vms.docker-2.memory_mib": 36351},
        "database.replica",
        '"docker-2" needs 36352 MiB when it takes the database\'s place, and has 36351; give '
        "compute.vms.docker-2.memory_mib 36352",
        {"compute.vms.docker-2.memory_mib": 36352},
    ),
    Case(
        database.schemas,
        {"database.schemas": ["public", "internal"]},
        "database.schemas[1]",
        "internal is not for users; remove it",
        {"database.schemas": ["public"]},
    ),
    Case(
        database.functions,
        {"database.functions": {"stauts": {}}},
        "database.functions.stauts",
        "stauts is not in the folder functions/; did you mean status?",
        {"database.functions": {"status": {}}},
    ),
    Case(
        database.functions,
        {"database.functions": {"main": {}}},
        "database.functions.main",
        "main is the router; functions: status",
        {"database.functions": {"main": {}}, "database.mode": "existing"},
    ),
    Case(
        database.functions,
        {"database.functions": {"status": {"environment": {"SUPABASE_DB_URL": "a"}}}},
        "database.functions.status.environment.SUPABASE_DB_URL",
        "SUPABASE_DB_URL is the router's or the runtime's; give a name that does not begin with DENO_, FUNCTIONS_, ",
        {"database.functions": {"status": {"environment": {"MY_SUPABASE_DB_URL": "a"}}}},
    ),
    Case(
        database.connections,
        {"database.pooler_connections": 51},
        "database.pooler_connections",
        "51 is more than half of database.max_connections; give 50 at most",
        {"database.pooler_connections": 50},
    ),
    Case(
        database.keys,
        {"database.keys.jwt": ["2999-01-01"]},
        "database.keys.jwt[0]",
        "2999-01-01 has not come; give ",
        {"database.keys.jwt": ["2026-11-26"]},
    ),
    Case(
        database.keys,
        {"database.keys.internal": "2020-01-01"},
        "database.keys.internal",
        "2020-01-01 is 5 years ago, and what was made then ends; give ",
        {},
    ),
    Case(
        database.keys,
        {"database.keys.jwt": ["2026-08-01", "2026-11-26"]},
        "database.keys.jwt",
        "2026-08-01 signs and is not newer than 2026-11-26; give the newer day first",
        {"database.keys.jwt": ["2026-11-26", "2026-08-01"]},
    ),
]
