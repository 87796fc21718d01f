"""Cases for the rules on the stack's own database."""

from settings.rules import database
from tests.unit.settings.rule_cases.case import Case, prod, value
from tests.unit.settings.stacks import ABSENT

CASES = [
    value(
        database.host,
        "database.host",
        "k3s-agent-1",
        '"k3s-agent-1" is not a machine of role docker_host; give docker-1',
        "docker-1",
    ),
    Case(
        database.host,
        {"compute.vms.docker-1.memory_mib": 5567},
        "the containers and the host's own need 5568 MiB, and docker-1 has 5567",
        {"compute.vms.docker-1.memory_mib": 5568},
        at="database.memory_mib",
    ),
    value(
        database.host,
        "observability.database",
        "10.10.10.31:5432",
        '"10.10.10.31" is not the host of the database; give 10.10.10.41:5432',
        "10.10.10.41:5432",
    ),
    value(
        database.replica,
        "database.replica",
        ABSENT,
        "is missing: prod has a replica on another Proxmox node (requirement INF-4); give docker-2 or docker-3",
        "docker-2",
        stack="prod",
    ),
    value(
        database.replica,
        "database.replica",
        "k3s-agent-2",
        '"k3s-agent-2" is not a machine of role docker_host; give docker-2 or docker-3',
        stack="prod",
    ),
    prod(
        database.replica,
        {"compute.vms.docker-2.node": "pve1"},
        '"docker-2" is on node pve1, which takes the database along; give docker-3 (requirement INF-4)',
        {"compute.vms.docker-2.node": "pve3"},
        at="database.replica",
    ),
    prod(
        database.replica,
        {"compute.vms.docker-2.memory_mib": 36351},
        '"docker-2" needs 36352 MiB when it takes the database\'s place, and has 36351; give '
        "compute.vms.docker-2.memory_mib 36352",
        {"compute.vms.docker-2.memory_mib": 36352},
        at="database.replica",
    ),
    Case(
        database.schemas,
        {"database.schemas": ["public", "internal"]},
        "internal is not for users; remove it",
        {"database.schemas": ["public"]},
        at="database.schemas[1]",
    ),
    Case(
        database.functions,
        {"database.functions": {"stauts": {}}},
        "stauts is not in the folder functions/; did you mean status?",
        {"database.functions": {"status": {}}},
        at="database.functions.stauts",
    ),
    Case(
        database.functions,
        {"database.functions": {"main": {}}},
        "main is the router; functions: status",
        {"database.functions": {"main": {}}, "database.mode": "existing"},
        at="database.functions.main",
    ),
    Case(
        database.functions,
        {"database.functions": {"status": {"environment": {"SUPABASE_DB_URL": "a"}}}},
        "SUPABASE_DB_URL is the router's or the runtime's; give a name that does not begin with DENO_, FUNCTIONS_, ",
        {"database.functions": {"status": {"environment": {"MY_SUPABASE_DB_URL": "a"}}}},
        at="database.functions.status.environment.SUPABASE_DB_URL",
    ),
    value(
        database.connections,
        "database.pooler_connections",
        51,
        "51 is more than half of database.max_connections; give 50 at most",
        50,
    ),
    Case(
        database.keys,
        {"database.keys.jwt": ["2999-01-01"]},
        "2999-01-01 has not come; give ",
        {"database.keys.jwt": ["2026-11-26"]},
        at="database.keys.jwt[0]",
    ),
    value(
        database.keys,
        "database.keys.internal",
        "2020-01-01",
        "2020-01-01 is 5 years ago, and what was made then ends; give ",
    ),
    value(
        database.keys,
        "database.keys.jwt",
        ["2026-08-01", "2026-11-26"],
        "2026-08-01 signs and is not newer than 2026-11-26; give the newer day first",
        ["2026-11-26", "2026-08-01"],
    ),
]
