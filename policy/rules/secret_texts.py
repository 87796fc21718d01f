"""No secret in plain text on a machine, in a command, or in any other text that people read (SEC-2)."""

from __future__ import annotations

import base64
import contextlib
import gzip
import re
from collections.abc import Iterator

from ..judging import Resource, Severity, resource_rule
from ..values import Finding, UnevaluableError, Value
from . import kinds
from .commands import scripts
from .documents import of_resource
from .secret_detection import assigned_secret, literal, secret_in, secret_name
from .secret_shapes import DEFAULTS
from .secrets import is_named

_ON_A_MACHINE = "fetch it on the machine from a file that the SSH step writes, not from user data"
_TAKEN_OUT = "take it out; nobody needs a secret there"


@resource_rule("machine-tag-secrets", requirements=("SEC-2",), types=(kinds.VM, kinds.LXC, kinds.DNS_RECORD))
def machine_tag_secrets(resource: Resource) -> Iterator[Finding]:
    """No tag of a machine and no DNS record holds a secret: everyone can read them."""
    for each in resource.props.at("records" if resource.type == kinds.DNS_RECORD else "tags").items():
        seen = secret_in(each.text) or assigned_secret(each.text)
        if seen:
            yield each.wrong(f"holds what looks like {seen}", "take it out")


@resource_rule("user-data-secrets", requirements=("SEC-2",), types=(kinds.FILE,), severity=Severity.CRITICAL)
def user_data_secrets(resource: Resource) -> Iterator[Finding]:
    """No snippet that a machine reads at its first start holds a secret: it stays readable on the hypervisor."""
    data = resource.props.at("sourceRaw", "data")
    text = data.text
    seen = secret_in(text)
    if seen:
        yield data.wrong(f"holds what looks like {seen}", _ON_A_MACHINE)
    name = assigned_secret(text)
    if name:
        yield data.wrong(f"gives {name} written out", _ON_A_MACHINE)
    for document in of_resource(resource):
        for file in document.content.at("write_files").items():
            if file.at("encoding").text:
                inside = _unpacked(file.at("content").text)
                seen = secret_in(inside) or assigned_secret(inside)
                if seen:
                    yield file.at("content").wrong(f"holds {seen}", _ON_A_MACHINE)


def _unpacked(text: str) -> str:
    """What a file of cloud-init says that stands in base64, compressed or not."""
    with contextlib.suppress(ValueError, OSError, EOFError):
        content = base64.b64decode(text)
        return (gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content).decode()
    return ""


@resource_rule("machine-password", requirements=("SEC-2",), types=(kinds.VM, kinds.LXC))
def machine_password(resource: Resource) -> Iterator[Finding]:
    """No machine has a password for logging in: SSH keys only."""
    password = resource.props.at("initialization", "userAccount", "password")
    if password.present:
        yield password.wrong("is set", "remove it and give keys")


@resource_rule("machine-description-secrets", requirements=("SEC-2",), types=(kinds.VM, kinds.LXC, *kinds.CLONED_VMS))
def machine_description_secrets(resource: Resource) -> Iterator[Finding]:
    """No description of a machine holds a secret: everyone with a look at the hypervisor reads it."""
    description = resource.props.at("description")
    seen = secret_in(description.text) or assigned_secret(description.text)
    if seen:
        yield description.wrong(f"holds what looks like {seen}", "take it out")
    for name, value in resource.props.at("environmentVariables").entries():
        if secret_name(name) and literal(value.text):
            yield value.wrong("is written out", _ON_A_MACHINE)


@resource_rule("command-secrets", requirements=("SEC-2",), types=kinds.COMMANDS, severity=Severity.CRITICAL)
def command_secrets(resource: Resource) -> Iterator[Finding]:
    """No command that runs on a machine has a secret on its command line."""
    for command in scripts(resource):
        seen = secret_in(command.text) or assigned_secret(command.text)
        if seen:
            yield command.wrong(f"holds what looks like {seen}", "give it by stdin")
    for name, value in resource.props.at("environment").entries():
        if secret_name(name) and literal(value.text):
            yield value.wrong("is written out", "give it by stdin")


_NOTES = (
    *kinds.REST_OF_KUBERNETES,
    kinds.CERTIFICATE,
    *kinds.ISSUERS,
    *kinds.ROLES,
    *kinds.ROLE_BINDINGS,
    kinds.DISRUPTION_BUDGET,
    kinds.PRIORITY_CLASS,
    kinds.NETWORK_POLICY,
    kinds.DOCKER_IMAGE,
    kinds.DOCKER_NETWORK,
    kinds.DOCKER_VOLUME,
    kinds.VM,
    kinds.LXC,
    kinds.POOL,
    *kinds.FIREWALL_RULES,
    kinds.IPSET,
    kinds.LEDGER,
    kinds.BUCKET,
    kinds.BUCKET_LIFECYCLE,
)
_ID = re.compile(r"[0-9a-f]{64}")
"""How Docker calls a container or a volume: a command is run again for another one."""
_SUMS = frozenset({"checksum", "__provider"})


@resource_rule(
    "text-secrets",
    requirements=("SEC-2",),
    types=(*_NOTES, *kinds.WORKLOADS, kinds.DOCKER_CONTAINER, kinds.SECRET, *kinds.COMMANDS),
    severity=Severity.CRITICAL,
)
def text_secrets(resource: Resource) -> Iterator[Finding]:
    """No comment, option, label, trigger or path holds a secret, whatever it is an input of."""
    for place in _places(resource):
        for name, leaf in place.named_leaves():
            # What is not known yet is the output of another resource, and no text that somebody wrote.
            with contextlib.suppress(UnevaluableError):
                if name in _SUMS or (name == "triggers" and _ID.fullmatch(leaf.text)):
                    continue
                seen = secret_in(leaf.text) or assigned_secret(leaf.text)
                if seen is None and is_named(name, leaf):
                    seen = f"the value of {name}"
                if seen:
                    yield leaf.wrong(f"holds what looks like {seen}", _TAKEN_OUT)


def _places(resource: Resource) -> Iterator[Value]:
    """What no other rule on secrets looks at, of what may hold text."""
    props = resource.props
    if resource.type == kinds.SECRET:
        yield props.at("metadata")
    elif resource.type == kinds.DOCKER_CONTAINER:
        yield from (props.at(name) for name in ("healthcheck", "logOpts", "hosts", "domainname", "hostname"))
    elif resource.type in kinds.COMMANDS:
        yield from (props.at(name) for name in ("environment", "triggers"))
    elif resource.type in kinds.WORKLOADS:
        pod = kinds.pod_spec(resource)
        yield pod.at("volumes")
        for container in kinds.all_containers(pod):
            for name in ("livenessProbe", "readinessProbe", "startupProbe"):
                yield container.at(name, "httpGet", "path")
    else:
        yield props


@resource_rule(
    "password-strength", requirements=("SEC-2",), types=(kinds.RANDOM_PASSWORD, kinds.IAM_USER, kinds.MINIO_PROVIDER)
)
def password_strength(resource: Resource) -> Iterator[Finding]:
    """A password that is made is long and of all kinds of characters; no program keeps the one that it came with."""
    if resource.type != kinds.RANDOM_PASSWORD:
        secret = resource.props.at("secret" if resource.type == kinds.IAM_USER else "minioPassword")
        # One that is not made yet is no default.
        with contextlib.suppress(UnevaluableError):
            short = resource.type == kinds.IAM_USER and 0 < len(secret.text) < LEAST_LENGTH
            if secret.text.lower() in DEFAULTS or short:
                yield secret.wrong("is short, or the one that came with it", "have one made by RandomPassword")
        return
    length = resource.props.at("length")
    if (length.number or 0) < LEAST_LENGTH:
        yield length.wrong(f"is {length.text or 'missing'}", f"give at least {LEAST_LENGTH}")
    for name in ("lower", "upper", "number", "numeric"):
        if resource.props.at(name).flag is False:
            yield resource.props.at(name).wrong("is false", "remove it")


LEAST_LENGTH = 16
"""Characters of a password that is made."""


@resource_rule("command-quiet", requirements=("SEC-2",), types=kinds.COMMANDS, severity=Severity.CRITICAL)
def command_quiet(resource: Resource) -> Iterator[Finding]:
    """A command that is given a secret, or that gives one back, writes neither into the log nor into the next one."""
    props = resource.props
    logging = props.at("logging")
    if (_is_given(props.at("stdin")) or "k3s.yaml" in props.at("create").text) and logging.text not in {
        "none",
        "stderr",
    }:
        yield logging.wrong(f"is {logging.text or 'missing, which is everything'}", "give none")
    if _is_given(props.at("stdin")) and props.at("addPreviousOutputInEnv").flag is not False:
        yield props.at("addPreviousOutputInEnv").wrong("is not false", "set it: what it said goes into no environment")


def _is_given(stdin: Value) -> bool:
    try:
        return bool(stdin.text)
    except UnevaluableError:
        return True
