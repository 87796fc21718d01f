"""Cases for the rules on backups."""

from settings.rules import backup
from tests.unit.settings.rule_cases.case import Case, prod, value
from tests.unit.settings.stacks import ABSENT

CASES = [
    value(
        backup.backup_host,
        "backup.host",
        "k3s-agent-1",
        '"k3s-agent-1" is not a machine of role docker_host; give docker-1',
    ),
    prod(
        backup.beside_database,
        {"backup.host": "docker-2"},
        '"docker-2" is not where the database is; give docker-1',
        {"backup.host": "docker-2", "database.mode": "existing"},
    ),
    value(
        backup.memory,
        "backup.memory_mib",
        534,
        "3 times 534 MiB and the 6592 of what else runs on docker-1 are more than its 8192; "
        "give compute.vms.docker-1.memory_mib 8194, or less here",
        533,
    ),
    Case(
        backup.memory,
        {"compute.vms.docker-1.memory_mib": 8000},
        "3 times 512 MiB and the 6592 of what else runs on docker-1 are more than its 8000; ",
        {"compute.vms.docker-1.memory_mib": 8000, "backup.image": ABSENT},
        at="backup.memory_mib",
    ),
    prod(
        backup.off_site,
        {"backup.off_site": ABSENT},
        "is missing; give endpoint, bucket and access_key, or copies: own",
        {"backup.off_site": ABSENT, "backup.copies": "own"},
    ),
    prod(
        backup.off_site,
        {"backup.copies": "own"},
        "is not used with copies: own; leave it out, or give copies: off_site",
        at="backup.off_site",
    ),
    value(
        backup.off_site,
        "backup.off_site.endpoint",
        "object-storage.luxima.id:443",
        "\"object-storage.luxima.id:443\" is the stack's own storage; give another one's, or copies: own",
        stack="prod",
    ),
]
