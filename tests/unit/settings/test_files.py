"""The three real stacks: they load, carry the requirement's values, and differ only where environments differ."""

import re
from pathlib import Path
from typing import Any, cast

import pytest

from render.__main__ import main as render
from sandbox.layout import Layout
from settings import Settings
from settings.__main__ import main
from settings.loading import check
from tests.recording import stack_settings
from tests.unit.settings.stacks import OF_COOLIFY, OF_OFF_SITE, ROOT, SECRETS, STACKS, Checkout, data_of, files_of


@pytest.mark.parametrize("stack", STACKS)
def test_a_real_stack_loads(stack: str, tmp_path: Path) -> None:
    settings = Checkout(tmp_path, stack).load()
    assert settings.environment.name == stack
    assert settings == stack_settings(stack).model_copy(update={"secrets": settings.secrets})
    assert settings.secrets.keys == {
        *SECRETS,
        *(() if stack == "dev" else ("acmeTsigSecret",)),
        *(OF_OFF_SITE if stack == "prod" else ()),
        *(OF_COOLIFY if stack == "staging" else ()),
    }


@pytest.mark.parametrize(
    ("stack", "domain", "core_domain", "label", "issuer", "strategy"),
    [
        ("dev", "dev.acehcommerce.local", "dev.luxima.local", "dev", "private_ca", "rolling"),
        ("staging", "staging.acehcommerce.id", "staging.luxima.id", "staging", "acme", "rolling"),
        ("prod", "acehcommerce.id", "luxima.id", "production", "acme", "blue_green"),
    ],
)
def test_environments_are_those_of_the_requirement(
    stack: str, domain: str, core_domain: str, label: str, issuer: str, strategy: str
) -> None:
    settings = stack_settings(stack)
    assert settings.environment.zones == (domain, core_domain)
    assert settings.environment.label == label
    assert settings.edge.certificates.issuer == issuer
    assert {service.strategy for service in settings.services.values()} == {strategy}
    assert [settings.service_fqdn(name) for name in settings.services] == [
        domain,
        *(f"{host}.{domain}" for host in ("admin", "auth", "api", "functions")),
    ]


def test_a_new_stack_is_its_three_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for of_dev, of_new in zip(files_of("dev"), files_of("try-out"), strict=True):
        text = (ROOT / of_dev).read_text(encoding="utf-8")
        (tmp_path / of_new).parent.mkdir(exist_ok=True)
        (tmp_path / of_new).write_text(text.replace("    name: dev\n", "    name: try-out\n"), encoding="utf-8")
    assert main(["check", "--root", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "Pulumi.try-out.yaml, services/try-out.yaml, releases/try-out.yaml: ok\n"
    assert check("try-out", tmp_path).environment.label == "try-out"
    assert Layout("try-out", tmp_path).known_stacks() == ["try-out"]
    monkeypatch.chdir(tmp_path)
    assert render(["flows", "--stack", "try-out"]) == 0


EQUAL = (
    "environment.uptime_objective_percent",
    "compute.storage",
    "compute.cloud_image",
    "compute.container_template",
    "compute.ssh",
    "compute.network.bridge",
    "kubernetes.mode",
    "kubernetes.version",
    "kubernetes.pod_cidr",
    "kubernetes.service_cidr",
    "storage.region",
    "storage.root_user",
    "retention",
    "backup.database_interval_hours",
    "backup.object_storage_interval_hours",
    "backup.log_archive_interval_hours",
    "dns.tsig.algorithm",
    "dns.ttl_seconds",
    "dns.switch_ttl_seconds",
    "observability.scrape_interval_seconds",
    "observability.agent",
    "observability.anomalies",
    "observability.alerts",
)


def test_what_does_not_depend_on_the_environment_is_equal_everywhere() -> None:
    first, *others = (stack_settings(stack).model_dump() for stack in STACKS)
    assert [path for path in EQUAL for other in others if _at(other, path) != _at(first, path)] == []


def test_objectives_are_those_of_the_environment_and_the_services() -> None:
    first, *others = (stack_settings(stack).objectives for stack in STACKS)
    assert all(other == first for other in others)
    services = (*stack_settings("dev").services, "supabase")
    assert set(first) == {*(f"{name}-availability" for name in services), "storefront-latency", "api-latency"}
    assert {each.objective_percent for each in first.values() if each.indicator == "availability"} == {99.9}


def test_an_objective_that_is_given_takes_the_place_of_the_environments(tmp_path: Path) -> None:
    given = {"week": {"indicator": "availability", "objective_percent": 99.95, "window_days": 7}}
    objectives = Checkout(tmp_path).load({"services.auth.objectives": given}).objectives
    (mine,) = [(name, each) for name, each in objectives.items() if each.service == "auth"]
    assert (mine[0], mine[1].objective_percent, mine[1].window_days) == ("auth-week", 99.95, 7)


def test_services_differ_in_size_and_strategy_only() -> None:
    size = ("replicas", "cpu_request_millicores", "memory_request_mib", "memory_limit_mib", "strategy")
    first, *others = (
        {name: service.model_dump(exclude=set(size)) for name, service in stack_settings(stack).services.items()}
        for stack in STACKS
    )
    assert all(other == first for other in others)


@pytest.mark.parametrize("key", ["id", "address", "api_address", "cidr"])
def test_stacks_share_no_guest_id_and_no_address(key: str) -> None:
    """All stacks may be on one Proxmox cluster and in one routed network."""
    found = [set(_values(data_of(stack), key)) for stack in STACKS]
    assert all(found)
    assert len(frozenset[Any]().union(*found)) == sum(map(len, found))


@pytest.mark.parametrize("stack", STACKS)
def test_files_name_their_schema_and_hold_no_encrypted_value(stack: str) -> None:
    for file, schema in (
        (ROOT / f"Pulumi.{stack}.yaml", "settings/schema/stack.schema.json"),
        (ROOT / "services" / f"{stack}.yaml", "../settings/schema/services.schema.json"),
        (ROOT / "releases" / f"{stack}.yaml", "../settings/schema/release.schema.json"),
    ):
        text = file.read_text(encoding="utf-8")
        assert text.startswith(f"# yaml-language-server: $schema={schema}\n")
        assert (file.parent / schema).resolve().is_file()
        assert not re.search(r"secure:|encryptionsalt", text)


@pytest.mark.parametrize("stack", STACKS)
def test_endpoints_on_loopback_are_as_good(stack: str, tmp_path: Path) -> None:
    settings = Checkout(tmp_path, stack).load(
        {
            "compute.endpoint": "https://127.0.0.2:34567/",
            "storage.endpoint": "127.0.0.1:34568",
            "storage.server.mode": "beside",
            "dns.servers": [{"address": "127.0.0.1", "port": 34569}],
        }
    )
    assert settings.dns.servers[0].port == 34569


def test_derived_values() -> None:
    settings: Settings = stack_settings("prod")
    assert settings.environment.fqdn("@") == "acehcommerce.id"
    assert settings.environment.fqdn("admin") == "admin.acehcommerce.id"
    assert settings.service_fqdn("storefront", "green") == "storefront-green.acehcommerce.id"
    assert settings.environment.grafana_host == "grafana.luxima.id"
    assert settings.environment.registry_host == "registry.luxima.id"
    assert settings.environment.object_storage_host == "object-storage.luxima.id"
    assert settings.compute.network.prefix_length == 24
    assert list(settings.compute.by_role("docker_host")) == ["docker-1", "docker-2", "docker-3"]
    assert settings.retention.longest_log_days == 90
    assert settings.storage.bucket_name("media") == "luxima-prod-media"
    assert settings.services["storefront"].peak_pods == 8


def test_an_existing_cluster_needs_no_machines(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path, "prod", secrets={**SECRETS, "kubeconfig": "{clusters: [], users: [], contexts: []}"})
    settings = checkout.load({"kubernetes.mode": "existing"})
    assert list(settings.wanted_vms) == ["docker-1", "docker-2", "docker-3"]


def _at(data: dict[str, Any], path: str) -> Any:
    for key in path.split("."):
        data = data[key]
    return data


def _values(data: Any, key: str) -> list[Any]:
    if isinstance(data, dict):
        table = cast("dict[str, Any]", data)
        own = [table[key]] if key in table else []
        servers = {"servers", "name_servers"}  # those are addresses of guests, named once more
        return own + [found for name, value in table.items() if name not in servers for found in _values(value, key)]
    if isinstance(data, list):
        return [found for value in cast("list[Any]", data) for found in _values(value, key)]
    return []
