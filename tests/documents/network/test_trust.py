"""Whoever connects to a name of the stack's own by TLS trusts the private CA, where there is one (SEC-1)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
import yaml

from settings import Settings
from tests.documents.network.manifests import Cluster
from tests.documents.network.told import KEYS
from tests.recording import AUTHORITY, Recorder, record_platform, stack_settings

DOCKER = "docker:index/container:Container"
WORKLOADS = ("/v1:Deployment", "/v1:StatefulSet", "/v1:DaemonSet", "/v1:Job")

SHOWN = {
    "API_EXTERNAL_URL",
    "GOTRUE_SITE_URL",
    "GOTRUE_URI_ALLOW_LIST",
    "STORAGE_PUBLIC_URL",
    "SUPABASE_PUBLIC_URL",
}
"""Variables with addresses that the database's parts show to people, and do not connect to."""


@dataclass(frozen=True)
class Client:
    """A program, with what it is told and where it finds the private CA's certificate."""

    name: str
    texts: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    authorities: frozenset[str] = frozenset()
    """Paths of files that hold it."""


@pytest.fixture(scope="module")
def settings() -> Settings:
    """One service is on probation, so that its guard is there."""
    return Cluster(stack_settings("dev")).settings


@pytest.fixture(scope="module")
def clients(settings: Settings) -> list[Client]:
    recorder = record_platform(settings)
    return [*_pods(recorder), *_containers(recorder)]


def _pods(recorder: Recorder) -> Iterator[Client]:
    maps = {
        (each.inputs["metadata"]["namespace"], each.inputs["metadata"]["name"]): each.inputs["data"]
        for each in recorder.of(":ConfigMap")
    }
    for each in (found for kind in WORKLOADS for found in recorder.of(kind)):
        namespace, spec = each.inputs["metadata"]["namespace"], each.inputs["spec"]["template"]["spec"]
        (container,) = spec["containers"]
        mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        texts, authorities = list(container.get("args", ())), set[str]()
        for volume in spec["volumes"]:
            for source in volume.get("projected", {}).get("sources", ()):
                if "configMap" in source:
                    data = maps.get((namespace, source["configMap"]["name"]), {})
                    texts += [data[item["key"]] for item in source["configMap"]["items"] if item["key"] in data]
                if source.get("secret", {}).get("name") == "private-ca":
                    authorities |= {f"{mounts[volume['name']]}/{item['path']}" for item in source["secret"]["items"]}
        environment = {one["name"]: one["value"] for one in container["env"] if "value" in one}
        yield Client(each.name, texts, environment, frozenset(authorities))


def _containers(recorder: Recorder) -> Iterator[Client]:
    """A volume's files are told to whoever mounts it."""
    made = [each.inputs for each in recorder.of(DOCKER)]
    files = {
        mount["source"]: inputs["uploads"] for inputs in made if inputs.get("uploads") for mount in inputs["mounts"]
    }
    for each in recorder.of(DOCKER):
        if each.inputs.get("uploads"):
            continue
        found = [upload for mount in each.inputs["mounts"] for upload in files.get(mount["source"], ())]
        texts = [*(each.inputs.get("command") or ()), *(upload["content"] for upload in found)]
        environment = dict(one.split("=", 1) for one in each.inputs.get("envs") or ())
        authorities = frozenset(upload["file"] for upload in found if upload["content"] == AUTHORITY)
        yield Client(each.name, texts, environment, authorities)


def _own(settings: Settings, text: str) -> bool:
    zones = "|".join(re.escape(zone) for zone in settings.environment.zones)
    return re.search(rf"^(https://)?([a-z0-9-]+\.)*({zones})(:443)?(/|$)", text) is not None


def _connecting(settings: Settings, value: Any, above: tuple[Any, ...] = (), key: str = "") -> Iterator[Any]:
    """The table around each address of the stack's own that a document has for a program, with the one around that."""
    if isinstance(value, dict):
        content = cast("dict[str, Any]", value)
        if "panels" in content:
            return
        for name, inner in content.items():
            yield from _connecting(settings, inner, (*above, content), name)
    elif isinstance(value, list):
        for inner in cast("list[Any]", value):
            yield from _connecting(settings, inner, above, key)
    elif isinstance(value, str) and key in KEYS and _own(settings, value):
        yield above[-2:]


def _parsed(text: str) -> Any:
    try:
        return yaml.load(text, yaml.CSafeLoader)
    except yaml.YAMLError:
        return None


def _untrusting(settings: Settings, client: Client) -> Iterator[str]:
    def trusted(place: Any) -> bool:
        return any(path in str(place) for path in client.authorities)

    for text in client.texts:
        for place in _connecting(settings, _parsed(text)):
            # Probes are the blackbox exporter's, and the guard is told by an argument for all of its addresses.
            probes = "/probe" in str(place)
            if not probes and not trusted(place) and not any(each.startswith("--ca=") for each in client.texts):
                yield f"{client.name}: {str(place)[:200]}"
    told = {name: value for name, value in client.environment.items() if name not in SHOWN}
    own = [value for value in told.values() if value.startswith("https://") and _own(settings, value)]
    if own and client.environment.get("NODE_EXTRA_CA_CERTS") not in client.authorities:
        yield f"{client.name}: {own}"


def test_whoever_connects_by_tls_to_a_name_of_the_stack_trusts_its_authority(
    settings: Settings, clients: Sequence[Client]
) -> None:
    assert [wrong for client in clients for wrong in _untrusting(settings, client)] == []


def test_those_who_connect_are_found(settings: Settings, clients: Sequence[Client]) -> None:
    connecting = {
        client.name
        for client in clients
        if any(True for text in client.texts for _ in _connecting(settings, _parsed(text)))
        or any(_own(settings, value) for value in client.environment.values() if value.startswith("https://"))
    }
    programs = ("prometheus", "alertmanager-record", "loki", "tempo")
    wanted = {f"observability-{name}-stateful-set" for name in programs}
    wanted |= {"observability-docker-1-log-agent-container", "guard-storefront-guard-job"}
    wanted |= {"database-storage-container"}
    assert wanted | {f"service-{name}-blue-deployment" for name in settings.releases.services} <= connecting


def test_every_file_that_a_program_is_told_to_trust_is_there(clients: Sequence[Client]) -> None:
    for client in clients:
        told = {*client.environment.values(), *client.texts}
        named = {found for text in told for found in re.findall(r"/etc/[a-z-]+/(?:private-ca|ca)\.crt", text)}
        assert named <= client.authorities, client.name
    assert any(client.authorities for client in clients if "blackbox" in client.name)
