"""Cases for the rules on backups."""

from settings.rules import backup
from tests.unit.settings.rule_cases.case import Case, prod
from tests.unit.settings.stacks import ABSENT

CASES = [
    Case(
        backup.backup_host,
        {"backup.host": "k3s-agent-1"},
        "backup.host",
        '"k3s-agent-1" is not a machine of role docker_host; give docker-1',
        {},
    ),
    prod(
        backup.beside_database,
        {"backup.host": "docker-2"},
        "backup.host",
        '"docker-2" is not where the database is; give docker-1',
        {"backup.host": "docker-2", "database.mode": "existing"},
    ),
    Case(
        backup.memory,
        {"backup.memory_mib": 534},
        "backup.memory_mib",
        "3 times 534 MiB and the 6592 of what else runs on docker-1 are more than its 8192; "
        "give compute.vms.docker-1.memory_mib 8194, or less here",
        {"backup.memory_mib": 533},
    ),
    Case(
        backup.memory,
        {"compute.vms.docker-1.memory_mib": 8000},
        "backup.memory_mib",
        "3 times 512 MiB and the 6592 of what else runs on docker-1 are more than its 8000; ",
        {"compute.vms.docker-1.memory_mib": 8000, "backup.image": ABSENT},
    ),
    prod(
        backup.off_site,
        {"backup.off_site": ABSENT},
        "backup.off_site",
        "is missing; give endpoint, bucket and access_key, or copies: own",
        {"backup.off_site": ABSENT, "backup.copies": "own"},
    ),
    prod(
        backup.off_site,
        {"backup.copies": "own"},
        "backup.off_site",
        "is not used with copies: own; leave it out, or give copies: off_site",
        {},
    ),
    prod(
        backup.off_site,
        {"backup.off_site.endpoint": "object-storage.luxima.id:443"},
        "backup.off_site.endpoint",
        "\"object-storage.luxima.id:443\" is the stack's own storage; give another one's, or copies: own",
        {},
    ),
]
