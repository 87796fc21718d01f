"""The preview of each stack where there is nothing: no server, no tool but the engine and its plugin, no credential."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from settings.secrets import SECRETS
from tests.documents import provider_schema
from tests.e2e.checkout import Checkout, Done, checkout
from tests.recording import STACKS, stack_settings
from tools import ensure

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(900)]

_ROOMS = (
    "backup",
    "compute",
    "database",
    "delivery",
    "dns",
    "edge",
    "kubernetes",
    "observability",
    "platform",
    "services",
    "storage",
)
_STAND_INS = {
    "dev": {"databaseBackupPassphrase", "minioKmsKey"},
    "staging": {"acmeTsigSecret", "coolifyApiToken", "coolifyVariables", "databaseBackupPassphrase", "minioKmsKey"},
    "prod": {"acmeTsigSecret", "databaseBackupPassphrase", "minioKmsKey", "offSiteKey", "offSitePassphrase"},
}
"""Secrets that the stack needs, and another one may not."""
_NO_SCHEMA = frozenset({"command", "kubernetes", "luxima", "pulumi", "pulumi-python"})
"""Kubernetes is judged by the API server itself, in test_lifecycle."""

Resource = dict[str, Any]


@dataclass(frozen=True)
class Previews:
    """A checkout in which nothing but `preview` has run."""

    checkout: Checkout
    environment: dict[str, str]
    shown: Done
    """For people, of prod."""
    written: dict[str, Done]
    """For machines, by stack."""

    def resources(self, stack: str) -> list[Resource]:
        """Every resource of the document for machines."""
        return cast("list[Resource]", json.loads(self.written[stack].out)["resources"])


def _stand_ins(stack: str) -> list[str]:
    return sorted({*(secret.key for secret in SECRETS if secret.only is None), *_STAND_INS[stack]})


def nothing(copy: Checkout) -> dict[str, str]:
    """An environment with the engine and its plugin on PATH, an empty cache, and no way out to the network."""
    folder = copy.root.parent
    programs = folder / "bin"
    programs.mkdir()
    for name, path in ensure("pulumi", "pulumi-resource-kubernetes").items():
        (programs / name).symlink_to(path)
    way_out = "http://127.0.0.1:9"
    proxies = {f"{kind}_proxy": way_out for kind in ("http", "https", "HTTP", "HTTPS")}
    return {"PATH": f"{programs}{os.pathsep}/usr/bin:/bin", "LUXIMA_CACHE": str(folder / "cache"), **proxies}


@pytest.fixture(scope="module")
def previews() -> Generator[Previews]:
    """A preview of every stack."""
    with checkout() as copy:
        copy.commit()
        environment = nothing(copy)
        written = {
            stack: copy.run("preview", "--stack", stack, "--format", "json", environment=environment)
            for stack in STACKS
        }
        shown = copy.run("preview", "--stack", "prod", environment=environment)
        made = Previews(copy, environment, shown, written)
        yield made


def test_what_would_be_made_is_shown_by_room_and_type(previews: Previews) -> None:
    done = previews.shown
    assert done.code == 0, str(done)
    assert (
        f"Secrets that are not set; stand-ins were made for this preview: {', '.join(_stand_ins('prod'))}" in done.out
    )
    lines = done.out.splitlines()
    assert [line.split()[0] for line in lines if re.fullmatch(r"[a-z]+ \(\d+\)", line)] == list(_ROOMS)
    buckets = [f"storage-{name}-bucket" for name in sorted(stack_settings("prod").storage.buckets)]
    assert f"minio S3Bucket {len(buckets)} {', '.join(buckets)} minio" in " ".join(done.out.split()), str(done)
    # No wider than a terminal, but for a name that is longer than what is left of the line.
    assert [line for line in lines if re.match(r"  [a-z]+ \S+ +\d|  +\S+,", line) and len(line) > 130] == []
    assert "policies: 0 violations" in done.out
    assert "error" not in done.err
    # What is shown is what is written.
    (total,) = re.findall(r"^(\d+) resources in \d+ rooms", done.out, re.MULTILINE)
    assert int(total) == json.loads(previews.written["prod"].out)["summary"]["resources"]


@pytest.mark.parametrize("stack", STACKS)
def test_the_document_has_every_resource_whole(previews: Previews, stack: str) -> None:
    done = previews.written[stack]
    assert done.code == 0, str(done)
    document = json.loads(done.out)
    assert document["stack"] == stack
    assert document["standIns"] == _stand_ins(stack)
    assert document["summary"]["violations"] == 0
    resources = previews.resources(stack)
    urns = {each["urn"] for each in resources}
    assert len(urns) == len(resources)
    for each in resources:
        assert each["urn"].endswith(f"::{each['name']}")
        assert each["type"] == each["urn"].split("::")[2].split("$")[-1]
        assert isinstance(each["inputs"], dict)
        if each["type"] == "pulumi:pulumi:Stack" or each["urn"].split("::")[2].startswith("pulumi:providers:"):
            # The stack, and the providers that the engine makes by itself.
            assert each["parent"] is None, each["name"]
        else:
            assert each["parent"] in urns, each["name"]
        if each["custom"] and not each["type"].startswith("pulumi:"):
            assert each["provider"].split("::")[2].split("$")[-1].startswith("pulumi:providers:"), each["name"]
            assert each["inputs"], each["name"]


def _has(resources: list[Resource], name: str, *path: str) -> Any:
    """The value at a place of a resource's inputs."""
    (value,) = [each["inputs"] for each in resources if each["name"] == name and path[0] in each["inputs"]]
    for key in path:
        value = value[key]
    return value


@pytest.mark.parametrize("stack", STACKS)
def test_secrets_are_masked_and_what_is_not_known_says_so(previews: Previews, stack: str) -> None:
    resources = previews.resources(stack)
    assert _has(resources, "minio", "minioPassword") == "[secret]"
    assert _has(resources, "proxmox", "apiToken") == "[secret]"
    assert _has(resources, "kubernetes", "kubeconfig") in {"[secret]", "[unknown]"}
    assert _has(resources, f"aceh-{stack}-kubeconfig", "connection") == "[secret]"
    assert _has(resources, f"aceh-{stack}-k3s-server-1-start", "stdin") in {"[secret]", "[unknown]"}
    assert _has(resources, "storage-storefront-user-user", "secret") in {"[secret]", "[unknown]"}
    assert _has(resources, "service-storefront-storage-key", "stringData") in (
        "[secret]",
        {"S3_ACCESS_KEY_ID": "[unknown]", "S3_SECRET_ACCESS_KEY": "[unknown]"},
    )
    everything = previews.shown.text + previews.written[stack].text
    for piece in ("BEGIN OPENSSH PRIVATE KEY", "stand-in:", "root@pam!", "4dabf18193072939515e22adb298388d"):
        assert piece not in everything


@pytest.mark.parametrize("stack", STACKS)
def test_inputs_are_what_the_official_plugins_take(previews: Previews, stack: str) -> None:
    """With PROVIDER_SCHEMAS; without it the documents' tests have checked the inputs against the SDK."""
    folder = os.environ.get("PROVIDER_SCHEMAS")
    found: list[str] = []
    for each in previews.resources(stack):
        package = each["type"].removeprefix("pulumi:providers:").split(":", 1)[0]
        schema = provider_schema.load(Path(folder), package) if folder else None
        if schema is not None:
            inputs = _known(each["inputs"])
            if each["type"].startswith("pulumi:providers:"):
                inputs = {key: _decoded(value) for key, value in inputs.items() if key != "version"}
            found += [
                f"{each['name']}: {problem}" for problem in provider_schema.problems(schema, each["type"], inputs)
            ]
        elif folder:
            assert package in _NO_SCHEMA, f"{folder} has no schema of {package}"
    assert not found


def _known(value: Any) -> Any:
    """The value without what is not known or not shown; nothing can be said of those."""
    if value in ("[unknown]", "[secret]"):
        return None
    if isinstance(value, dict):
        return {key: _known(each) for key, each in cast("dict[str, Any]", value).items()}
    return [_known(each) for each in cast("list[Any]", value)] if isinstance(value, list) else value


def _decoded(value: Any) -> Any:
    """An input of a provider; the SDK sends those that are no texts as JSON."""
    try:
        decoded = json.loads(value)
    except (TypeError, ValueError):
        return value
    return cast("Any", decoded) if isinstance(decoded, bool | list | dict) else value


def test_nothing_was_needed_and_nothing_was_left(previews: Previews) -> None:
    copy = previews.checkout
    assert copy.processes() == []
    assert sorted((copy.root.parent / "cache").glob("tools/*")) == []
    assert list(copy.home.iterdir()) == []
    assert list(copy.temporary.iterdir()) == []
    assert copy.git("status", "--porcelain") == ""
    for stack in STACKS:
        made = {path.name for path in copy.sandbox(stack).iterdir()}
        assert made.isdisjoint({"ports.json", "secrets.json", "kubeconfig", "state", "project"}), made
        assert list((copy.sandbox(stack) / "data").rglob("*")) == []


_PLANTED = [
    ("components/storage/lifecycle.py", "kept = retention.log_objects_days", "kept = 7", "lifecycle-floors"),
    ("components/storage/object_storage.py", "minio_ssl=True", "minio_ssl=False", "minio-provider-tls"),
    ("components/kubernetes/pod.py", "run_as_non_root=args.user != 0,", "run_as_non_root=False,", "workload-non-root"),
]


def test_a_violation_stops_the_preview_and_is_named(previews: Previews) -> None:
    copy = previews.checkout
    for file, old, new, _ in _PLANTED:
        copy.replace(file, old, new)
    try:
        done = copy.run("preview", "--stack", "prod", "--format", "json", environment=previews.environment)
    finally:
        copy.git("checkout", "--quiet", ".")
    assert done.code == 1, str(done)
    assert "stack prod violates mandatory policies; nothing of it would be made" in done.err
    document = json.loads(done.out)
    mandatory = {each["policy"] for each in document["policy"] if each["enforcement"] == "mandatory"}
    # Loki keeps its logs longer than the planted lifecycle does.
    assert mandatory == {*(rule for *_, rule in _PLANTED), "loki-lifecycle-covers-retention"}
    assert document["summary"]["violations"] == sum(
        1 for each in document["policy"] if each["enforcement"] == "mandatory"
    )
