"""Cases for the rules on names, the object storage and times."""

from functools import partial

from settings.rules import Rule, dns, durations, identity, storage
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

_BUCKET = {"purpose": "a trial", "owner": "devops", "versioning": True, "quota_gib": 1}

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
    *(
        Case(
            storage.needed_buckets,
            {f"storage.buckets.{name}": ABSENT},
            f"storage.buckets.{name}",
            "is missing; give a bucket for",
            {"storage.buckets.media": ABSENT},
        )
        for name in storage.NEEDED
    ),
    Case(
        storage.bucket_names,
        {f"storage.buckets.{53 * 'a'}": _BUCKET},
        f"storage.buckets.{53 * 'a'}",
        "has 64 characters; give a shorter name or bucket_prefix, S3 takes 63 together",
        {f"storage.buckets.{52 * 'a'}": _BUCKET},
    ),
    Case(
        storage.user_buckets,
        {"storage.users.storefront.bucket": "medium"},
        "storage.users.storefront.bucket",
        '"medium" is not a bucket; did you mean media?',
        {"storage.users.storefront.bucket": "backups"},
    ),
    Case(
        storage.user_buckets,
        {"storage.users.copy-source.also_reads": ["vendor-medi", "registry"]},
        "storage.users.copy-source.also_reads[0]",
        '"vendor-medi" is not a bucket; did you mean vendor-media?',
        {},
    ),
    Case(
        storage.user_buckets,
        {"storage.users.copy-source.also_reads": ["media"]},
        "storage.users.copy-source.also_reads[0]",
        '"media" is named already; name each bucket once',
        {},
    ),
    Case(
        storage.locked,
        {"storage.buckets.copies.locked": False},
        "storage.buckets.copies.locked",
        "is false; give true: nobody may delete the copies before their time",
        {},
    ),
    Case(
        storage.locked,
        {"storage.buckets.media.locked": True, "storage.buckets.media.versioning": False},
        "storage.buckets.media.versioning",
        "is false; give true: only versions can be locked",
        {"storage.buckets.media.locked": True},
    ),
    *(
        Case(
            durations.bounds,
            {path: floor - 1},
            path,
            f"{floor - 1} is too short; requirement {requirement} asks for at least {floor}",
            {path: floor},
        )
        for path, floor, requirement in (
            ("retention.metrics_days", 30, "MON-1"),
            ("retention.log_objects_days", 90, "LOG-6"),
            ("retention.logs.default_days", 30, "LOG-2"),
            ("retention.logs.api_days", 30, "LOG-1"),
            ("retention.logs.edge_functions_days", 30, "LOG-1"),
            ("retention.logs.docker_days", 15, "LOG-1"),
            ("retention.logs.syslog_days", 30, "LOG-1"),
            ("retention.logs.access_days", 14, "LOG-1"),
            ("retention.logs.security_days", 60, "LOG-2"),
            ("retention.logs.audit_days", 90, "LOG-2"),
            ("retention.backups.database_days", 30, "BAK-1"),
            ("retention.backups.object_storage_days", 14, "BAK-2"),
            ("retention.backups.deployment_days", 7, "BAK-3"),
            ("retention.backups.logs_days", 60, "BAK-4"),
            ("retention.backups.audit_logs_days", 90, "LOG-6"),
            ("observability.alerts.resolve_minutes", 5, "ALR-9"),
        )
    ),
    *(
        Case(
            durations.bounds,
            {path: ceiling + 1},
            path,
            f"{ceiling + 1} is too long; requirement {requirement} asks for at most {ceiling}",
            {path: ceiling},
        )
        for path, ceiling, requirement in (
            ("backup.database_interval_hours", 12, "BAK-1"),
            ("backup.object_storage_interval_hours", 24, "BAK-2"),
            ("backup.log_flush_max_minutes", 60, "LOG-6"),
            ("backup.log_archive_interval_hours", 24, "LOG-6"),
            ("observability.scrape_interval_seconds", 15, "MON-1"),
            ("observability.alerts.acknowledge_minutes", 10, "ALR-8"),
            ("observability.alerts.escalate_minutes", 30, "ALR-8"),
        )
    ),
    *(
        Case(
            durations.log_objects,
            {f"retention.logs.{kind}_days": 120, "retention.log_objects_days": 119},
            "retention.log_objects_days",
            "119 is shorter than the longest log retention; give at least 120",
            {f"retention.logs.{kind}_days": 120, "retention.log_objects_days": 120},
        )
        for kind in ("default", "api", "edge_functions", "docker", "syslog", "access", "security", "audit")
    ),
    Case(
        durations.audit_archive,
        {"retention.logs.audit_days": 91},
        "retention.backups.audit_logs_days",
        "90 is shorter than retention.logs.audit_days; give at least 91",
        {"retention.logs.audit_days": 91, "retention.backups.audit_logs_days": 91},
    ),
    Case(
        durations.switch_ttl,
        {"dns.ttl_seconds": 30, "dns.switch_ttl_seconds": 31},
        "dns.switch_ttl_seconds",
        "31 is longer than dns.ttl_seconds; give at most 30",
        {"dns.ttl_seconds": 30, "dns.switch_ttl_seconds": 30},
    ),
    Case(
        durations.escalation,
        {"observability.alerts.escalate_minutes": 10},
        "observability.alerts.escalate_minutes",
        "10 is not after acknowledge_minutes; give more than 10",
        {"observability.alerts.escalate_minutes": 11},
    ),
]
