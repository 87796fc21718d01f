"""The real exporter asks the sandbox's Proxmox API, and what Prometheus would keep of that is what rules speak of."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from components.observability import metrics
from components.observability.metrics.machines import MACHINES
from components.observability.prometheus.hypervisor import hypervisor
from components.observability.pve_exporter.workload import pve_yml
from settings import Settings
from tests.programs import free_port
from tests.recording import record_platform, stack_settings
from tests.unit.sandbox.proxmox import TOKEN, Running, running
from tests.unit.sandbox.servers.test_proxmox_api import call, with_vm
from tests.waiting import wait_for
from tools import ensure

Sample = tuple[str, Mapping[str, str]]
"""Name and labels of a series."""


def _settings() -> Settings:
    """Those of dev, whose first server is the guest that is there."""
    settings = stack_settings("dev")
    name, *_ = settings.compute.by_role("k3s_server")
    vms = {name: settings.compute.vms[name].model_copy(update={"id": 100})}
    return settings.model_copy(update={"compute": settings.compute.model_copy(update={"vms": vms})})


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What the exporter answers Prometheus."""
    folder = tmp_path_factory.mktemp("pve")
    with running(folder) as api:
        with_vm(api)
        # A guest of somebody else on the same cluster.
        call(api, "POST", "nodes/pve1/qemu", vmid=999, name="else", scsi0="local-lvm:5")
        call(api, "POST", "nodes/pve1/qemu/100/status/start")
        for number, stack in ((998, "dev"), (997, "prod")):
            name = f"{stack}-docker-1-r1-20261127t040000z"
            call(api, "POST", "nodes/pve1/qemu", vmid=number, name=name, scsi0="local-lvm:5")
            call(api, "POST", f"nodes/pve1/qemu/{number}/template")
        yield _asked(api, folder)


def _asked(api: Running, folder: Path) -> str:
    (folder / "pve.yml").write_text(pve_yml(TOKEN))
    (deployment,) = [
        each
        for each in record_platform(stack_settings("dev")).of(":Deployment")
        if each.inputs["metadata"]["name"] == "pve-exporter"
    ]
    (container,) = deployment.inputs["spec"]["template"]["spec"]["containers"]
    port = free_port()
    arguments = [
        argument.replace("/etc/pve-exporter", str(folder)).replace("0.0.0.0:9221", f"127.0.0.1:{port}")
        for argument in container["args"]
    ]
    packages = Path(ensure("pve_exporter")["pve_exporter"]).resolve().parents[1]
    with subprocess.Popen(
        [sys.executable, "-m", "pve_exporter", *arguments],
        env={**os.environ, "PYTHONPATH": str(packages), "REQUESTS_CA_BUNDLE": str(api.certificate)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as exporter:
        try:
            wait_for(lambda: _is_well(port), "the exporter answers")
            job = hypervisor(_settings())
            query = {key: values[0] for key, values in job["params"].items()}
            target = api.endpoint.removeprefix("https://").rstrip("/")
            url = f"http://127.0.0.1:{port}{job['metrics_path']}"
            answer = requests.get(url, params={**query, "target": target}, timeout=60)
            answer.raise_for_status()
            return answer.text
        finally:
            exporter.terminate()


def _is_well(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/", timeout=5).ok
    except requests.ConnectionError:
        return False


def _samples(text: str) -> Iterator[Sample]:
    for line in text.splitlines():
        found = re.fullmatch(r"(?P<name>\w+)\{(?P<labels>.*)\} \S+", line)
        if found:
            yield found["name"], dict(re.findall(r'(\w+)="([^"]*)"', found["labels"]))


def _kept(text: str, rules: list[dict[str, Any]]) -> Iterator[Sample]:
    """As Prometheus relabels: an expression means the whole of the values, joined by semicolons."""
    for name, given in _samples(text):
        labels = {"__name__": name, **given}
        for rule in rules:
            value = ";".join(labels.get(source, "") for source in rule["source_labels"])
            found = re.fullmatch(rule["regex"], value)
            action = rule.get("action", "replace")
            if (action == "keep" and not found) or (action == "drop" and found):
                break
            if action == "replace" and found:
                labels[rule["target_label"]] = found.expand(rule.get("replacement", "$1").replace("$1", r"\1"))
        else:
            yield labels.pop("__name__"), labels


def _series(said: str) -> list[Sample]:
    return list(_kept(said, hypervisor(_settings())["metric_relabel_configs"]))


@pytest.mark.needs_tools
def test_every_metric_of_the_catalogue_is_there_with_its_labels(said: str) -> None:
    (emitter,) = [each for each in MACHINES if each.jobs == ("pve",)]
    labels: dict[str, set[str]] = {}
    for name, found in _series(said):
        labels.setdefault(name, set()).update(found)
    assert labels.keys() == {each.name for each in emitter.metrics} <= metrics.names()
    for metric in emitter.metrics:
        assert set(metric.labels) <= labels[metric.name], metric.name


@pytest.mark.needs_tools
def test_hosts_storages_and_guests_have_names_and_nobody_elses_guests_are_kept(said: str) -> None:
    up = [labels for name, labels in _series(said) if name == "pve_up"]
    named = [{key: each[key] for key in ("hypervisor", "storage", "host") if key in each} for each in up]
    assert {"hypervisor": "pve1"} in named
    assert {"hypervisor": "pve1", "storage": "local-lvm"} in named
    assert [each["host"] for each in named if "host" in each] == ["k3s-server-1"]
    assert 'id="qemu/999"' in said
    assert not [labels for _, labels in _series(said) if labels.get("id") == "qemu/999"]


@pytest.mark.needs_tools
def test_a_template_is_known_as_a_snapshot_of_its_host_and_of_no_other_stacks(said: str) -> None:
    found = [(name, labels["id"], labels["snapshot_of"]) for name, labels in _series(said) if "snapshot_of" in labels]
    assert found == [("pve_guest_info", "qemu/998", "docker-1")]
    assert 'id="qemu/997"' in said


def test_the_token_is_split_as_the_exporter_wants_it() -> None:
    text = pve_yml("luxima-metrics@pve!prometheus=0b6f3c1e-9d55-4f0a-8a71-3c5b9f2d7e10")
    for line in ("user: luxima-metrics@pve", "token_name: prometheus", "verify_ssl: true"):
        assert line in text
    assert "0b6f3c1e-9d55-4f0a-8a71-3c5b9f2d7e10" in text


def test_the_exporter_believes_a_private_authority_that_the_settings_name() -> None:
    settings = stack_settings("dev")
    pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    private = settings.model_copy(update={"compute": settings.compute.model_copy(update={"authority": pem})})
    for given, wanted in ((settings, None), (private, "/etc/pve-exporter/authority.pem")):
        (deployment,) = [
            each
            for each in record_platform(given).of(":Deployment")
            if each.inputs["metadata"]["name"] == "pve-exporter"
        ]
        (container,) = deployment.inputs["spec"]["template"]["spec"]["containers"]
        env = {each["name"]: each.get("value") for each in container.get("env", ())}
        assert env.get("REQUESTS_CA_BUNDLE") == wanted
