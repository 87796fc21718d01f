"""prometheus.yml, judged by promtool; what it scrapes, and with which labels (MON-1)."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.observability.blackbox import documents as blackbox_documents
from components.observability.prometheus import CONTAINER_GROUPS, documents
from components.observability.prometheus.targets import jobs
from components.observability.rules import documents as rule_documents
from settings import capacity
from tests.recording import STACKS, stack_settings
from tools import ensure

pytestmark = pytest.mark.needs_tools


def _jobs(stack: str) -> dict[str, Any]:
    return {job["job_name"]: job for job in jobs(stack_settings(stack))}


@pytest.mark.parametrize("stack", STACKS)
def test_promtool_takes_configuration_and_rules(stack: str, tmp_path: Path) -> None:
    settings = stack_settings(stack)
    (tmp_path / "rules").mkdir()
    for name, text in rule_documents(settings).items():
        (tmp_path / "rules" / name).write_text(text, encoding="utf-8")
    # Files that only a pod has: the rules' folder and the tokens.
    text = documents(settings)["prometheus.yml"].replace("/etc/prometheus/rules", str(tmp_path / "rules"))
    for path in ("/etc/prometheus/secrets/minioMetricsToken", "/var/run/secrets/kubernetes.io/serviceaccount/token"):
        (tmp_path / Path(path).name).touch()
        text = text.replace(path, str(tmp_path / Path(path).name))
    (tmp_path / "ca.crt").touch()
    text = text.replace("/var/run/secrets/kubernetes.io/serviceaccount/ca.crt", str(tmp_path / "ca.crt"))
    (tmp_path / "prometheus.yml").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [ensure("promtool")["promtool"], "check", "config", "--lint=all", "--lint-fatal", tmp_path / "prometheus.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("SUCCESS") == 2 + len(rule_documents(settings))


@pytest.mark.parametrize("stack", STACKS)
def test_every_job_says_service_and_environment_and_bounds_its_series(stack: str) -> None:
    settings = stack_settings(stack)
    for name, job in _jobs(stack).items():
        labels = {rule.get("target_label") for rule in job["relabel_configs"]}
        if all("service_name" in entry.get("labels", {}) for entry in job.get("static_configs", [{}])):
            labels.add("service_name")
        assert {"service_name", "environment"} <= labels, name
        assert job["sample_limit"] == capacity.sample_limit(settings, name), name


@pytest.mark.parametrize("stack", STACKS)
def test_every_docker_host_is_scraped(stack: str) -> None:
    settings = stack_settings(stack)
    docker = {name: vm.address for name, vm in settings.compute.vms.items() if vm.role == "docker_host"}
    lxcs = {name: lxc.address for name, lxc in settings.compute.containers.items()}
    both = {**docker, **lxcs}
    for name, port, hosts in (("node", 9100, both), ("cadvisor", 9101, docker), ("log-agent", 9102, docker)):
        found = {target for entry in _jobs(stack)[name]["static_configs"] for target in entry["targets"]}
        assert found == {f"{address}:{port}" for address in hosts.values()}, name
        assert {entry["labels"]["host"] for entry in _jobs(stack)[name]["static_configs"]} == set(hosts), name


def test_virtual_addresses_are_asked_from_outside_of_the_cluster() -> None:
    settings = stack_settings("prod")
    job = _jobs("prod")["blackbox-outside"]
    found: set[tuple[str, str, str]] = set()
    for entry in job["static_configs"]:
        (target,) = entry["targets"]
        after = _relabelled(job["relabel_configs"], {**entry["labels"], "__address__": target})
        assert after is not None
        assert after["__param_target"] == after["instance"]
        found.add((after["host"], after["__address__"], after["instance"]))
    hosts = {name: vm.address for name, vm in settings.compute.vms.items() if vm.role == "docker_host"}
    addresses = [*(f"{gateway.address}:443" for gateway in settings.edge.gateways.values()), "10.10.30.20:6443"]
    assert found == {(name, f"{at}:9103", address) for name, at in hosts.items() for address in addresses}


PROBES = {"blackbox-https", "blackbox-dns", "blackbox-coolify", "blackbox-storage", "live-slot"}
"""Their targets are names, and no host's."""


@pytest.mark.parametrize("stack", STACKS)
def test_every_target_says_on_which_host_it_is_so_that_its_end_is_told_once(stack: str) -> None:
    settings = stack_settings(stack)
    servers = settings.compute.by_role("k3s_server")
    meta = "__meta_kubernetes_{}_name"
    for name, job in _jobs(stack).items():
        # The object storage and the hypervisor are asked by their names, too.
        if name in {*PROBES, "minio", "minio-buckets", "pve"}:
            continue
        for entry in job.get("static_configs", ()):
            assert entry["labels"]["host"] in {*settings.compute.vms, *settings.compute.containers}, name
        assert "dns_sd_configs" not in job, f"{name}: a name server knows no host"
        rules = [rule for rule in job["relabel_configs"] if rule.get("target_label") == "host"]
        for role in (each["role"] for each in job.get("kubernetes_sd_configs", ())):
            places = {"pod": {meta.format("pod_node"): "n"}, "node": {meta.format("node"): "n"}}
            if role == "endpointslice":
                for server, vm in servers.items():
                    found = _relabelled(rules, {"__address__": f"{vm.address}:6443"})
                    assert found is not None
                    assert found["host"] == server, name
                continue
            found = _relabelled(rules, places[role])
            assert found is not None
            assert found["host"] == "n", (name, role)


def test_what_is_told_of_the_cluster_is_on_no_host() -> None:
    job = _jobs("prod")["kube-state-metrics"]
    assert job["honor_labels"] is True
    found = _relabelled(
        job["metric_relabel_configs"], {"__name__": "kube_job_failed", "host": "n", "namespace": "edge"}
    )
    assert found == {"__name__": "kube_job_failed", "namespace": "edge"}


def test_every_released_name_and_every_name_server_is_probed() -> None:
    settings = stack_settings("prod")
    modules = yaml.load(blackbox_documents(settings)["blackbox.yml"], yaml.CSafeLoader)["modules"]
    found: set[tuple[str, str]] = set()
    for name in ("blackbox-https", "blackbox-dns"):
        for entry in _jobs("prod")[name]["static_configs"]:
            assert entry["labels"]["__param_module"] in modules
            found |= {(entry["labels"]["module"], target) for target in entry["targets"]}
    names = {service: settings.service_fqdn(service) for service in settings.releases.services}
    servers = [f"{each.address}:{each.port}" for each in settings.dns.servers]
    elsewhere = ["dns_host_core_object-storage", "dns_host_core_registry", "dns_host_public_supabase"]
    asked = ["dns_public", "dns_core", *(f"dns_name_{service}" for service in names), *elsewhere]
    assert found == {
        *(("core", f"{gateway.address}:443") for gateway in settings.edge.gateways.values()),
        *(("http_2xx", f"https://{name}/healthz") for name in names.values()),
        *(("http_redirect", f"http://{name}/healthz") for name in names.values()),
        # No service answers without it, and its end is no pod's.
        ("http_2xx", "https://supabase.acehcommerce.id/auth/v1/.well-known/jwks.json"),
        ("http_2xx", "https://supabase.acehcommerce.id/storage/v1/status"),
        *((module, server) for module in asked for server in servers),
    }


def test_both_replicas_send_one_alert() -> None:
    document = yaml.load(documents(stack_settings("prod"))["prometheus.yml"], yaml.CSafeLoader)
    assert document["global"]["external_labels"]["replica"] == "${HOSTNAME}"
    assert document["alerting"]["alert_relabel_configs"] == [{"regex": "replica", "action": "labeldrop"}]
    assert len(document["alerting"]["alertmanagers"]) == 2


@pytest.mark.parametrize(
    ("stack", "host", "trusted"),
    [
        ("prod", "metrics.example.org", {}),
        ("prod", "metrics.luxima.id", {}),
        ("dev", "metrics.example.org", {}),
        ("dev", "metrics.dev.luxima.local", {"tls_config": {"ca_file": "/etc/private-ca/ca.crt"}}),
    ],
)
def test_samples_are_sent_on_only_where_a_setting_says_so(stack: str, host: str, trusted: dict[str, Any]) -> None:
    settings = stack_settings(stack)
    assert "remote_write" not in documents(settings)["prometheus.yml"]
    url = f"https://{host}/api/v1/write"
    observed = settings.observability
    larger = observed.prometheus.model_copy(update={"remote_write_url": url})
    settings = settings.model_copy(update={"observability": observed.model_copy(update={"prometheus": larger})})
    assert yaml.load(documents(settings)["prometheus.yml"], yaml.CSafeLoader)["remote_write"] == [
        {"url": url, **trusted}
    ]


@pytest.mark.parametrize(
    ("job", "labels", "kept"),
    [
        ("kube-apiserver", {"__name__": "apiserver_request_duration_seconds_bucket", "le": "1.0"}, False),
        ("kube-apiserver", {"__name__": "apiserver_request_sli_duration_seconds_bucket", "le": "1.0"}, True),
        ("kube-apiserver", {"__name__": "apiserver_request_sli_duration_seconds_bucket", "le": "30"}, True),
        ("kube-apiserver", {"__name__": "apiserver_request_sli_duration_seconds_bucket", "le": "10.0"}, False),
        # KubernetesCertificateExpiring is made of it.
        ("kube-apiserver", {"__name__": "apiserver_client_certificate_expiration_seconds_bucket", "le": "0"}, True),
        ("kube-apiserver", {"__name__": "apiserver_request_total", "verb": "GET"}, True),
        ("traefik", {"__name__": "traefik_router_requests_total"}, True),
        ("traefik", {"__name__": "traefik_service_request_duration_seconds_bucket", "le": "1"}, True),
        ("traefik", {"__name__": "traefik_router_request_duration_seconds_bucket", "le": "1"}, False),
        ("traefik", {"__name__": "traefik_entrypoint_requests_tls_total"}, False),
        ("kubelet", {"__name__": "kubelet_volume_stats_available_bytes"}, True),
        ("kubelet", {"__name__": "k3s_certificate_expiration_seconds"}, True),
        ("kubelet", {"__name__": "k3s_etcd_snapshot_save_s3_duration_seconds_count", "status": "success"}, True),
        ("kubelet", {"__name__": "k3s_etcd_snapshot_save_s3_duration_seconds_bucket", "le": "1"}, False),
        ("kubelet", {"__name__": "apiserver_request_total"}, False),
        ("kubelet-cadvisor", {"__name__": "container_memory_working_set_bytes"}, True),
        ("kubelet-cadvisor", {"__name__": "container_spec_cpu_shares"}, False),
        ("etcd", {"__name__": "etcd_server_has_leader"}, True),
        ("etcd", {"__name__": "grpc_server_handled_total"}, False),
        ("node", {"__name__": "node_systemd_unit_state", "state": "failed"}, True),
        ("node", {"__name__": "node_systemd_unit_state", "state": "active"}, False),
        ("node", {"__name__": "node_load5"}, True),
    ],
)
def test_what_no_rule_asks_for_is_not_kept(job: str, labels: dict[str, str], kept: bool) -> None:
    after = _relabelled(_jobs("prod")[job]["metric_relabel_configs"], labels)
    assert after == (labels if kept else None)


def _relabelled(rules: list[dict[str, Any]], labels: dict[str, str]) -> dict[str, str] | None:
    """What is left of a series; None if nothing. As Prometheus does it, of what is used here."""
    found = dict(labels)
    for rule in rules:
        action, regex = rule.get("action", "replace"), re.compile(rule.get("regex", "(.*)"))
        if action == "labeldrop":
            found = {label: value for label, value in found.items() if not regex.fullmatch(label)}
            continue
        matched = regex.fullmatch(";".join(found.get(label, "") for label in rule.get("source_labels", ())))
        if action == "replace":
            new = rule.get("replacement", "$1")
            found |= {rule["target_label"]: matched[1] if new == "$1" else new} if matched else {}
        elif (matched is not None) is not (action == "keep"):
            return None
    return found


@pytest.mark.parametrize("group", ["/system.slice/docker-{}.scope", "/docker/{}"])
def test_a_container_of_a_docker_host_is_called_by_its_id_as_docker_shows_it(group: str) -> None:
    (rule,) = _jobs("prod")["cadvisor"]["metric_relabel_configs"]
    identity = "0123456789ab" + "c" * 52
    found = re.fullmatch(rule["regex"], group.format(identity))
    assert found is not None
    assert (rule["source_labels"], rule["target_label"], found[1]) == (["id"], "name", "0123456789ab")
    for other in ("/", "/system.slice/docker.service", f"{group.format(identity)}/init", "/user.slice"):
        assert re.fullmatch(rule["regex"], other) is None
    # What cAdvisor is told to look at is what gets a name.
    assert group.format("").removesuffix(".scope") in CONTAINER_GROUPS
