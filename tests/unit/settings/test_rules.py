"""Every rule: what it refuses, in which words, and what it lets pass next to that."""

import inspect
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from settings import Problem, Settings
from settings.report import show_path
from settings.rules import RULES, Rule, addresses, availability, guests, identity, kept, releases, services, storage
from tests.unit.settings.stacks import ABSENT, Checkout, data_of, edited

VM = "compute.vms.docker-1"
NEW_VM = {"id": 3190, "cpus": 1, "memory_mib": 512, "disk_gib": 8, "start_order": 9, "role": "k3s_server"}
QUOTA = "kubernetes.namespaces.commerce.quota"
STOREFRONT = "releases.services.storefront"
DIGEST = f"sha256:{64 * '0'}"


@dataclass(frozen=True)
class Case:
    """`bad` edits make `rule` report the setting `at` with `words`; `good` ones, close by, do not."""

    rule: Rule
    bad: dict[str, Any]
    at: str
    words: str
    good: dict[str, Any]
    stack: str = "dev"


def prod(rule: Rule, bad: dict[str, Any], at: str, words: str, good: dict[str, Any]) -> Case:
    return Case(rule, bad, at, words, good, "prod")


stack_name: Rule = partial(identity.stack_name, stack="dev")
EXISTING = {"kubernetes.mode": "existing"}
TWO_SERVERS = {"compute.vms.k3s-server-2": {**NEW_VM, "node": "pve1", "address": "10.10.10.22"}}
THREE_SERVERS = {**TWO_SERVERS, "compute.vms.k3s-server-3": {**NEW_VM, "node": "pve1", "address": "10.10.10.23"}}

CASES = [
    Case(stack_name, {"environment.name": "prod"}, "environment.name", '"prod" is another stack', {}),
    Case(identity.label, {"environment.label": "staging"}, "environment.label", "give dev", {}),
    prod(identity.label, {"environment.label": "staging"}, "environment.label", "give production", {}),
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
        identity.issuer,
        {"edge.certificates": {"issuer": "acme", "acme_email": "a@luxima.id"}},
        "edge.certificates.issuer",
        "gives no certificate for dev.acehcommerce.local: .local names are in no public DNS; give private_ca",
        {},
    ),
    prod(
        identity.issuer,
        {"edge.certificates": {"issuer": "private_ca"}},
        "edge.certificates.issuer",
        "give acme (requirement SEC-1)",
        {},
    ),
    prod(
        identity.acme_email,
        {"edge.certificates": {"issuer": "acme"}},
        "edge.certificates.acme_email",
        "is missing; issuer acme needs an e-mail address",
        {"edge.certificates.acme_email": "somebody@luxima.id"},
    ),
    Case(
        identity.acme_email,
        {"edge.certificates.acme_email": "alerts@luxima.id"},
        "edge.certificates.acme_email",
        "has no use with issuer private_ca",
        {},
    ),
    Case(guests.ids, {f"{VM}.id": 1121}, f"{VM}.id", "1121 is the id of vms.k3s-agent-1 already", {f"{VM}.id": 1122}),
    Case(
        guests.ids,
        {"compute.containers.ns1.id": 1131},
        "compute.containers.ns1.id",
        "1131 is the id of vms.docker-1",
        {**EXISTING, "compute.containers.ns1.id": 1121},
    ),
    Case(
        guests.names,
        {"compute.containers.docker-1": data_of("dev")["compute"]["containers"]["ns1"]},
        "compute.containers.docker-1",
        "is the name of a VM already",
        {"compute.containers.docker-2": data_of("dev")["compute"]["containers"]["ns1"]},
    ),
    Case(
        guests.nodes,
        {f"{VM}.node": "pve2"},
        f"{VM}.node",
        '"pve2" is no node; did you mean pve1?',
        {f"{VM}.node": "pve2", "compute.nodes.pve2": data_of("dev")["compute"]["nodes"]["pve1"]},
    ),
    Case(
        guests.guest_size,
        {f"{VM}.cpus": 17},
        f"{VM}.cpus",
        "17 is more than node pve1 has; give at most 16",
        {f"{VM}.cpus": 16},
    ),
    Case(
        guests.guest_size,
        {f"{VM}.cpus": 100},
        f"{VM}.cpus",
        "give at most 16",
        {f"{VM}.cpus": 100, f"{VM}.node": "unknown"},
    ),
    Case(
        guests.node_memory,
        {f"{VM}.memory_mib": 65536},
        "compute.nodes.pve1.memory_mib",
        "is less than its guests have together, 78336",
        {f"{VM}.memory_mib": 65537},
    ),
    Case(
        guests.guest_size,
        {f"{VM}.memory_mib": 65537},
        f"{VM}.memory_mib",
        "65537 is more than node pve1 has; give at most 65536",
        {f"{VM}.memory_mib": 65536},
    ),
    Case(
        guests.node_memory,
        {"compute.nodes.pve1.memory_mib": 16895},
        "compute.nodes.pve1.memory_mib",
        "16895 is less than its guests have together, 16896 (vms.k3s-server-1 4096, vms.k3s-agent-1 8192, ",
        {"compute.nodes.pve1.memory_mib": 16896},
    ),
    Case(
        addresses.unique_addresses,
        {f"{VM}.address": "10.10.10.31"},
        f"{VM}.address",
        "10.10.10.31 is the address of compute.vms.k3s-agent-1.address already",
        {f"{VM}.address": "10.10.10.32"},
    ),
    *(
        Case(
            addresses.unique_addresses,
            {path: taken},
            path,
            f"{taken} is the address of {owner} already",
            {path: "10.10.10.200"},
        )
        for path, taken, owner in (
            ("compute.nodes.pve1.address", "10.10.10.1", "compute.network.gateway"),
            (f"{VM}.address", "10.10.10.11", "compute.nodes.pve1.address"),
            ("compute.containers.ns1.address", "10.10.10.41", "compute.vms.docker-1.address"),
            ("kubernetes.api_address", "10.10.10.53", "compute.containers.ns1.address"),
            ("edge.gateways.blue.address", "10.10.10.20", "kubernetes.api_address"),
            ("edge.gateways.green.address", "10.10.10.61", "edge.gateways.blue.address"),
        )
    ),
    *(
        Case(addresses.inside_network, {path: outside}, path, f"{outside} {words}", {path: "10.10.10.254"})
        for path, outside, words in (
            (f"{VM}.address", "10.10.11.41", "is not in compute.network.cidr; give an address in 10.10.10.0/24"),
            ("compute.containers.ns1.address", "10.10.9.255", "is not in compute.network.cidr"),
            ("compute.network.gateway", "10.10.10.0", "is the network's own or its broadcast address"),
            ("kubernetes.api_address", "10.10.10.255", "is the network's own or its broadcast address"),
            ("edge.gateways.green.address", "192.168.0.1", "is not in compute.network.cidr"),
        )
    ),
    Case(
        addresses.inside_network,
        {**EXISTING, f"{VM}.address": "172.16.0.9"},
        f"{VM}.address",
        "is not in compute.network.cidr",
        {
            **EXISTING,
            "kubernetes.api_address": "172.16.0.1",
            "edge.gateways.blue.address": "172.16.0.2",
            "compute.nodes.pve1.address": "192.168.1.1",
        },
    ),
    Case(
        addresses.separate_networks,
        {"kubernetes.pod_cidr": "10.0.0.0/8", "kubernetes.service_cidr": "172.16.0.0/16"},
        "kubernetes.pod_cidr",
        "10.0.0.0/8 overlaps with compute.network.cidr, 10.10.10.0/24",
        {"kubernetes.pod_cidr": "10.10.8.0/23"},
    ),
    Case(
        addresses.separate_networks,
        {"kubernetes.service_cidr": "10.42.255.0/24"},
        "kubernetes.service_cidr",
        "10.42.255.0/24 overlaps with kubernetes.pod_cidr, 10.42.0.0/16",
        {"kubernetes.service_cidr": "10.43.0.0/24"},
    ),
    Case(
        addresses.name_servers,
        {"dns.servers": [{"address": "10.10.10.53"}, {"address": "10.10.10.53", "port": 53}]},
        "dns.servers[1]",
        "is the same as dns.servers[0]",
        {"dns.servers": [{"address": "10.10.10.53"}, {"address": "10.10.10.53", "port": 5353}]},
    ),
    Case(availability.k3s_servers, TWO_SERVERS, "compute.vms", "has 2 machines of role k3s_server", THREE_SERVERS),
    Case(
        availability.k3s_servers,
        {"compute.vms.k3s-server-1": ABSENT},
        "compute.vms",
        "has 0 machines of role k3s_server; give 1 or 3",
        {**EXISTING, "compute.vms.k3s-server-1": ABSENT},
    ),
    Case(
        availability.k3s_version,
        {"kubernetes.version": "v1.34.2"},
        "kubernetes.version",
        '"v1.34.2" is no release of k3s',
        {**EXISTING, "kubernetes.version": "v1.34.2"},
    ),
    Case(
        availability.k3s_version,
        {"kubernetes.version": "v1.34.2+rke2r1"},
        "kubernetes.version",
        '"v1.34.2+rke2r1" is no release of k3s',
        {"kubernetes.version": "v1.33.0+k3s12"},
    ),
    prod(
        availability.prod_servers,
        {"compute.vms.k3s-server-2": ABSENT, "compute.vms.k3s-server-3": ABSENT},
        "compute.vms",
        "has 1 machines of role k3s_server; high availability in prod needs at least 3 (requirement ENV-4)",
        {**EXISTING, "compute.vms.k3s-server-2": ABSENT, "compute.vms.k3s-server-3": ABSENT},
    ),
    prod(
        availability.prod_servers,
        {"compute.vms.k3s-server-2.node": "pve1"},
        "compute.vms",
        "has its 3 machines of role k3s_server on 2 nodes; put each on a node of its own (requirement ENV-4)",
        {"compute.vms.k3s-server-2.node": "pve4"},
    ),
    prod(
        availability.prod_agents,
        {"compute.vms.k3s-agent-2.node": "pve1", "compute.vms.k3s-agent-3.node": "pve1"},
        "compute.vms",
        "has machines of role k3s_agent on 1 nodes",
        {"compute.vms.k3s-agent-3": ABSENT},
    ),
    prod(
        availability.prod_agents,
        {f"compute.vms.k3s-agent-{number}": ABSENT for number in (1, 2, 3)},
        "compute.vms",
        "has machines of role k3s_agent on 0 nodes",
        {**EXISTING, **{f"compute.vms.k3s-agent-{number}": ABSENT for number in (1, 2, 3)}},
    ),
    prod(
        availability.prod_name_servers,
        {"compute.containers.ns2.node": "pve1"},
        "compute.containers",
        "has containers of role name_server on 1 nodes",
        {"compute.containers.ns1.role": "general", "compute.containers.ns2.role": "general"},
    ),
    prod(
        availability.prod_name_servers,
        {"compute.containers.ns2": ABSENT},
        "compute.containers",
        "has containers of role name_server on 1 nodes",
        {},
    ),
    prod(
        availability.prod_replicas,
        {"services.admin.replicas": 1},
        "services.admin.replicas",
        "1 is too few for high availability in prod; give at least 2 (requirement ENV-4)",
        {"services.admin.replicas": 2},
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
        {f"storage.buckets.{53 * 'a'}": {"versioning": True, "quota_gib": 1}},
        f"storage.buckets.{53 * 'a'}",
        "has 64 characters; give a shorter name or bucket_prefix, S3 takes 63 together",
        {f"storage.buckets.{52 * 'a'}": {"versioning": True, "quota_gib": 1}},
    ),
    Case(
        storage.user_buckets,
        {"storage.users.storefront.bucket": "medium"},
        "storage.users.storefront.bucket",
        '"medium" is no bucket; did you mean media?',
        {"storage.users.storefront.bucket": "backups"},
    ),
    *(
        Case(
            kept.bounds,
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
            kept.bounds,
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
            kept.log_objects,
            {f"retention.logs.{kind}_days": 120, "retention.log_objects_days": 119},
            "retention.log_objects_days",
            "119 is shorter than the longest log retention; give at least 120",
            {f"retention.logs.{kind}_days": 120, "retention.log_objects_days": 120},
        )
        for kind in ("default", "api", "edge_functions", "docker", "syslog", "access", "security", "audit")
    ),
    Case(
        kept.audit_archive,
        {"retention.logs.audit_days": 91},
        "retention.backups.audit_logs_days",
        "90 is shorter than retention.logs.audit_days; give at least 91",
        {"retention.logs.audit_days": 91, "retention.backups.audit_logs_days": 91},
    ),
    Case(
        kept.switch_ttl,
        {"dns.ttl_seconds": 30, "dns.switch_ttl_seconds": 31},
        "dns.switch_ttl_seconds",
        "31 is longer than dns.ttl_seconds; give at most 30",
        {"dns.ttl_seconds": 30, "dns.switch_ttl_seconds": 30},
    ),
    Case(
        kept.escalation,
        {"observability.alerts.escalate_minutes": 10},
        "observability.alerts.escalate_minutes",
        "10 is not after acknowledge_minutes; give more than 10",
        {"observability.alerts.escalate_minutes": 11},
    ),
    *(
        Case(services.needed_services, {f"services.{name}": ABSENT}, f"services.{name}", "requirement ENV-2", {})
        for name in services.NEEDED
    ),
    Case(
        services.hosts,
        {"services.auth.host": "admin"},
        "services.auth.host",
        '"admin" is the host of admin already',
        {"services.auth.host": "login"},
    ),
    Case(
        services.hosts,
        {"services.auth.host": "api-green"},
        "services.auth.host",
        '"api-green" is the host of slot green of api already',
        {"services.auth.host": "api-red"},
    ),
    Case(
        services.namespaces,
        {"services.auth.namespace": "comerce"},
        "services.auth.namespace",
        '"comerce" is no namespace; did you mean commerce?',
        {"services.auth.namespace": "commerce"},
    ),
    Case(
        services.storage_users,
        {"services.auth.storage_user": "auth"},
        "services.auth.storage_user",
        '"auth" is no user of the object storage; users: storefront',
        {"services.auth.storage_user": "storefront"},
    ),
    Case(
        services.memory_limit,
        {"services.auth.memory_limit_mib": 127},
        "services.auth.memory_limit_mib",
        "127 is less than memory_request_mib; give at least 128",
        {"services.auth.memory_limit_mib": 128},
    ),
    *(
        Case(
            services.quotas,
            {f"{QUOTA}.{key}": needed - 1},
            f"{QUOTA}.{key}",
            f"give at least {needed}",
            {f"{QUOTA}.{key}": needed},
        )
        for key, needed in (
            ("cpu_requests_millicores", 3 * 6 * 100 + 4 * 50),
            ("memory_requests_mib", 22 * 128),
            ("memory_limits_mib", 22 * 256),
            ("pods", 22),
        )
    ),
    Case(
        releases.known_services,
        {"releases.services.storefrnt": data_of("dev")["releases"]["services"]["storefront"]},
        "services.storefrnt",
        "is no service of this stack; did you mean storefront?",
        {"releases.services.storefront": ABSENT},
    ),
    Case(
        releases.live_slot,
        {f"{STOREFRONT}.live": "green"},
        f"{STOREFRONT}.live".removeprefix("releases."),
        '"green" is an empty slot, in which nothing runs; give blue, or an image to green',
        {
            f"{STOREFRONT}.live": "green",
            f"{STOREFRONT}.slots.green": {"image": f"registry.dev.luxima.local/aceh/storefront@{DIGEST}"},
        },
    ),
    Case(
        releases.live_slot,
        {f"{STOREFRONT}.slots.blue": None},
        f"{STOREFRONT}.live".removeprefix("releases."),
        '"blue" is an empty slot, in which nothing runs; give it an image',
        {},
    ),
    Case(
        releases.registry,
        {f"{STOREFRONT}.slots.blue.image": f"docker.io/library/nginx@{DIGEST}"},
        f"{STOREFRONT}.slots.blue.image".removeprefix("releases."),
        '"docker.io" is not the registry of this stack; give an image from registry.dev.luxima.local',
        {f"{STOREFRONT}.slots.green": {"image": f"registry.dev.luxima.local/other@{DIGEST}"}},
    ),
]


def name(rule: Any) -> str:
    return rule.func.__name__ if isinstance(rule, partial) else rule.__name__


def run(case: Case, edits: dict[str, Any]) -> list[str]:
    settings = Settings.model_validate_json(json.dumps(edited(data_of(case.stack), edits)))
    return [f"{show_path(problem.path)}: {problem.text}" for problem in case.rule(settings)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{name(case.rule)}-{case.at}")
def test_a_rule_refuses_what_is_wrong_and_says_what_would_be_right(case: Case) -> None:
    (problem,) = run(case, case.bad)
    assert problem.startswith(f"{'' if case.rule in releases.RULES else 'luxima:'}{case.at}: ")
    assert case.words in problem


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{name(case.rule)}-{case.at}")
def test_a_rule_lets_pass_what_is_right(case: Case) -> None:
    assert run(case, case.good) == []


@pytest.mark.parametrize("stack", ["dev", "staging"])
def test_high_availability_is_asked_of_prod_only(stack: str) -> None:
    single = {
        "environment.name": stack,
        "environment.label": stack,
        **{f"compute.vms.k3s-{role}-{number}": ABSENT for role in ("server", "agent") for number in (2, 3)},
        "compute.containers.ns2": ABSENT,
        "services.admin.replicas": 1,
    }
    settings = Settings.model_validate_json(json.dumps(edited(data_of("prod"), single)))
    rules = [rule for rule in availability.RULES if rule.__name__.startswith("prod_")]
    assert len(rules) == 4
    assert [problem for rule in rules for problem in rule(settings)] == []


def test_every_rule_has_a_case() -> None:
    tried = {name(case.rule) for case in CASES}
    assert tried == {name(rule) for rule in RULES} | {"stack_name"}


def test_every_rule_of_a_module_is_in_the_table() -> None:
    modules = (identity, guests, addresses, availability, storage, kept, services, releases)
    declared: set[Callable[..., Iterator[Problem]]] = set()
    for module in modules:
        for _, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and list(inspect.signature(function).parameters) == ["settings"]:
                declared.add(function)
    assert declared - {guests.all_guests, addresses.used_addresses} == set(RULES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{name(case.rule)}-{case.at}")
def test_loading_runs_the_rule(case: Case, dev: Checkout) -> None:
    dev.stack = case.stack
    assert any(case.words in mistake for mistake in dev.mistakes(case.bad))
