"""Cases for the rules on names."""

from functools import partial

from settings.rules import Rule, dns, identity
from tests.unit.settings.rule_cases.case import Case, prod
from tests.unit.settings.stacks import ABSENT

stack_name: Rule = partial(identity.stack_name, stack="dev")


def domain(length: int) -> str:
    """A name of so many characters."""
    return ".".join([*(4 * ["x" * 50]), (length - 210) * "y", "local"])


GUEST = {
    "id": 1199,
    "node": "pve1",
    "address": "10.10.10.99",
    "start_order": 9,
    "cpus": 1,
    "memory_mib": 512,
    "disk_gib": 8,
}

CASES = [
    Case(stack_name, {"environment.name": "prod"}, "environment.name", '"prod" is not the selected stack', {}),
    Case(
        identity.uptime,
        {"environment.uptime_objective_percent": 99.89},
        "environment.uptime_objective_percent",
        "99.89 is too low; requirement ENV-4 asks for at least 99.9",
        {"environment.uptime_objective_percent": 99.9},
    ),
    prod(
        identity.domains,
        {"environment.core_domain": "core.acehcommerce.id"},
        "environment.core_domain",
        'overlaps with environment.domain, "acehcommerce.id"',
        {"environment.core_domain": "notacehcommerce.id"},
    ),
    prod(
        identity.domains,
        {"environment.domain": "shop.luxima.id"},
        "environment.core_domain",
        "overlaps",
        {"environment.domain": "shopluxima.id"},
    ),
    prod(
        identity.domains,
        {"environment.core_domain": "acehcommerce.id"},
        "environment.core_domain",
        "overlaps",
        {},
    ),
    Case(
        identity.lengths,
        {"environment.domain": domain(238)},
        "environment.domain",
        "has 238 characters, with which storefront-green before it is longer than DNS takes, 253; "
        "give at most 236 characters",
        {"environment.domain": domain(236)},
    ),
    Case(
        identity.lengths,
        {"environment.core_domain": domain(236)},
        "environment.core_domain",
        "with which alertmanager-record before it is longer than DNS takes, 253; give at most 233 characters",
        {"environment.core_domain": domain(233)},
    ),
    Case(
        identity.issuer,
        {"edge.certificates": {"issuer": "acme", "acme_email": "a@luxima.id"}},
        "edge.certificates.issuer",
        "gives no certificate for dev.acehcommerce.local: .local names are in no public DNS; give private_ca",
        {},
    ),
    Case(
        dns.needed_hosts,
        {"dns.hosts.core.object-storage": ABSENT},
        "dns.hosts.core.object-storage",
        "is missing; give the addresses of the object storage (requirement ENV-3), such as [10.10.10.41]",
        {},
    ),
    Case(
        dns.needed_hosts,
        {"database.mode": "existing"},
        "dns.hosts.public.supabase",
        "give the addresses of Supabase (requirement ENV-2)",
        {"database.mode": "existing", "dns.hosts.public.supabase": ["10.10.10.41"]},
    ),
    Case(
        dns.one_meaning,
        {"dns.hosts.public.supabase": ["10.10.10.41"]},
        "dns.hosts.public.supabase",
        "the database (database.mode supabase) has that name already",
        {"dns.hosts.public.supabase": ["10.10.10.41"], "database.mode": "existing"},
    ),
    Case(
        dns.one_meaning,
        {"services.api.host": "supabase"},
        "services",
        'services.api has the name "supabase.dev.acehcommerce.local", which is the database\'s',
        {"services.api.host": "supabase", "database.mode": "existing"},
    ),
    Case(
        dns.one_meaning,
        {"dns.hosts.core.grafana": ["10.10.10.41"]},
        "dns.hosts.core.grafana",
        "the gateways serve that name already; remove one of them",
        {"dns.hosts.public.grafana": ["10.10.10.41"]},
    ),
    Case(
        dns.one_meaning,
        {"compute.containers.loki": GUEST},
        "compute.containers.loki",
        "the gateways serve that name under the core domain; give the guest another name",
        {"compute.containers.loki-1": GUEST},
    ),
    Case(
        dns.one_meaning,
        {"dns.hosts.core.docker-1": ["10.10.10.41"]},
        "dns.hosts.core.docker-1",
        "compute.vms.docker-1 has that name already",
        {"dns.hosts.core.docker-7": ["10.10.10.41"]},
    ),
    Case(
        dns.one_meaning,
        {"dns.hosts.public.api-blue": ["10.10.10.41"]},
        "dns.hosts.public.api-blue",
        "slot blue of services.api has that name already",
        {"dns.hosts.public.api-red": ["10.10.10.41"]},
    ),
    Case(
        dns.one_meaning,
        {"dns.hosts.public.admin": ["10.10.10.41"]},
        "dns.hosts.public.admin",
        "services.admin has that name already",
        {},
    ),
    Case(
        dns.used_hosts,
        {"storage.endpoint": "minio.dev.luxima.local:443"},
        "storage.endpoint",
        'no record leads to "minio.dev.luxima.local"; give its addresses as dns.hosts.core.minio',
        {"storage.endpoint": "minio.luxima.id:443"},
    ),
    Case(
        dns.used_hosts,
        {"observability.alert_log_url": "https://rest.dev.acehcommerce.local/rpc"},
        "observability.alert_log_url",
        "give its addresses as dns.hosts.public.rest",
        {"observability.alert_log_url": "https://api.dev.acehcommerce.local/rpc"},
    ),
    prod(
        identity.issuer,
        {"edge.certificates": {"issuer": "private_ca"}},
        "edge.certificates.issuer",
        "give acme (requirement SEC-1)",
        {},
    ),
    prod(
        identity.acme_account,
        {"edge.certificates.acme_email": ABSENT},
        "edge.certificates.acme_email",
        "is missing; issuer acme needs an e-mail address",
        {"edge.certificates.acme_email": "somebody@luxima.id"},
    ),
    Case(
        identity.acme_account,
        {"edge.certificates.acme_email": "alerts@luxima.id"},
        "edge.certificates.acme_email",
        "is not used with issuer private_ca",
        {},
    ),
    prod(
        identity.acme_account,
        {"edge.certificates.acme_tsig": ABSENT},
        "edge.certificates.acme_tsig",
        "is missing; issuer acme needs a key that the name servers know",
        {},
    ),
    prod(
        identity.acme_algorithm,
        {"edge.certificates.acme_tsig.algorithm": "hmac-sha384"},
        "edge.certificates.acme_tsig.algorithm",
        '"hmac-sha384" is not supported by cert-manager; give hmac-sha256 or hmac-sha512',
        {"edge.certificates.acme_tsig.algorithm": "hmac-sha512"},
    ),
]
"""For every rule: edits of a real stack that it refuses, and edits close by that it lets pass."""
