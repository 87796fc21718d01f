"""Cases for the rules on names."""

from functools import partial

from settings.rules import Rule, dns, identity
from tests.unit.settings.rule_cases.case import Case, prod, value
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
    value(stack_name, "environment.name", "prod", '"prod" is not the selected stack'),
    value(
        identity.uptime,
        "environment.uptime_objective_percent",
        99.89,
        "99.89 is too low; requirement ENV-4 asks for at least 99.9",
        99.9,
    ),
    value(
        identity.domains,
        "environment.core_domain",
        "core.acehcommerce.id",
        'overlaps with environment.domain, "acehcommerce.id"',
        "notacehcommerce.id",
        stack="prod",
    ),
    prod(
        identity.domains,
        {"environment.domain": "shop.luxima.id"},
        "overlaps",
        {"environment.domain": "shopluxima.id"},
        at="environment.core_domain",
    ),
    value(identity.domains, "environment.core_domain", "acehcommerce.id", "overlaps", stack="prod"),
    value(
        identity.lengths,
        "environment.domain",
        domain(238),
        "has 238 characters, with which storefront-green before it is longer than DNS takes, 253; "
        "give at most 236 characters",
        domain(236),
    ),
    value(
        identity.lengths,
        "environment.core_domain",
        domain(236),
        "with which alertmanager-record before it is longer than DNS takes, 253; give at most 233 characters",
        domain(233),
    ),
    Case(
        identity.issuer,
        {"edge.certificates": {"issuer": "acme", "acme_email": "a@luxima.id"}},
        "gives no certificate for dev.acehcommerce.local: .local names are in no public DNS; give private_ca",
        at="edge.certificates.issuer",
    ),
    value(
        dns.needed_hosts,
        "dns.hosts.core.object-storage",
        ABSENT,
        "is missing; give the addresses of the object storage (requirement ENV-3), such as [10.10.10.41]",
    ),
    Case(
        dns.needed_hosts,
        {"database.mode": "existing"},
        "give the addresses of Supabase (requirement ENV-2)",
        {"database.mode": "existing", "dns.hosts.public.supabase": ["10.10.10.41"]},
        at="dns.hosts.public.supabase",
    ),
    Case(
        dns.one_meaning,
        {"dns.hosts.public.supabase": ["10.10.10.41"]},
        "the database (database.mode supabase) has that name already",
        {"dns.hosts.public.supabase": ["10.10.10.41"], "database.mode": "existing"},
    ),
    Case(
        dns.one_meaning,
        {"services.api.host": "supabase"},
        'services.api has the name "supabase.dev.acehcommerce.local", which is the database\'s',
        {"services.api.host": "supabase", "database.mode": "existing"},
        at="services",
    ),
    Case(
        dns.one_meaning,
        {"dns.hosts.core.grafana": ["10.10.10.41"]},
        "the gateways serve that name already; remove one of them",
        {"dns.hosts.public.grafana": ["10.10.10.41"]},
    ),
    Case(
        dns.one_meaning,
        {"compute.containers.loki": GUEST},
        "the gateways serve that name under the core domain; give the guest another name",
        {"compute.containers.loki-1": GUEST},
    ),
    Case(
        dns.one_meaning,
        {"dns.hosts.core.docker-1": ["10.10.10.41"]},
        "compute.vms.docker-1 has that name already",
        {"dns.hosts.core.docker-7": ["10.10.10.41"]},
    ),
    Case(
        dns.one_meaning,
        {"dns.hosts.public.api-blue": ["10.10.10.41"]},
        "slot blue of services.api has that name already",
        {"dns.hosts.public.api-red": ["10.10.10.41"]},
    ),
    value(dns.one_meaning, "dns.hosts.public.admin", ["10.10.10.41"], "services.admin has that name already"),
    value(
        dns.used_hosts,
        "storage.endpoint",
        "minio.dev.luxima.local:443",
        'no record leads to "minio.dev.luxima.local"; give its addresses as dns.hosts.core.minio',
        "minio.luxima.id:443",
    ),
    value(
        dns.used_hosts,
        "observability.alert_log_url",
        "https://rest.dev.acehcommerce.local/rpc",
        "give its addresses as dns.hosts.public.rest",
        "https://api.dev.acehcommerce.local/rpc",
    ),
    prod(
        identity.issuer,
        {"edge.certificates": {"issuer": "private_ca"}},
        "give acme (requirement SEC-1)",
        at="edge.certificates.issuer",
    ),
    value(
        identity.acme_account,
        "edge.certificates.acme_email",
        ABSENT,
        "is missing; issuer acme needs an e-mail address",
        "somebody@luxima.id",
        stack="prod",
    ),
    value(
        identity.acme_account, "edge.certificates.acme_email", "alerts@luxima.id", "is not used with issuer private_ca"
    ),
    value(
        identity.acme_account,
        "edge.certificates.acme_tsig",
        ABSENT,
        "is missing; issuer acme needs a key that the name servers know",
        stack="prod",
    ),
    value(
        identity.acme_algorithm,
        "edge.certificates.acme_tsig.algorithm",
        "hmac-sha384",
        '"hmac-sha384" is not supported by cert-manager; give hmac-sha256 or hmac-sha512',
        "hmac-sha512",
        stack="prod",
    ),
]
