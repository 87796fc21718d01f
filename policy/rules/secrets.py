"""No secret in plain text in a spec (SEC-2): Kubernetes Secrets, files and references carry them."""

from __future__ import annotations

from collections.abc import Iterator

from ..judging import Resource, Severity, resource_rule
from ..values import Finding, Value
from . import kinds
from .documents import (
    ALERTMANAGER,
    DATASOURCES,
    GRAFANA,
    LOG_AGENT,
    LOKI,
    PROMETHEUS,
    TEMPO,
    decoded,
    of_resource,
)
from .secret_detection import HEX, assigned_secret, literal, secret_in, secret_name

_IN_KUBERNETES = "put it into a Secret and refer to it by valueFrom.secretKeyRef or a mounted file"
_IN_DOCKER = "upload it as a file and give its path in <NAME>_FILE"
_ON_A_MACHINE = "fetch it on the machine from a file that the SSH step writes, not from user data"


def _is_service_names(name: str) -> bool:
    """Kubernetes and Docker pass these to everyone; they say where something is."""
    return name.endswith(("_HOST", "_PORT", "_URL", "_ENDPOINT"))


def _judge(place: Value, remedy: str) -> Iterator[Finding]:
    seen = secret_in(place.text)
    if seen:
        yield place.wrong(f"looks like {seen}", remedy)


@resource_rule(
    "container-env-secrets",
    requirements=("SEC-2",),
    types=kinds.WORKLOADS,
    severity=Severity.CRITICAL,
)
def container_env_secrets(resource: Resource) -> Iterator[Finding]:
    """No environment variable of a pod holds a secret written out."""
    for container in kinds.all_containers(kinds.pod_spec(resource)):
        for entry in container.at("env").items():
            name, value = entry.at("name").text, entry.at("value")
            if secret_name(name) and not _is_service_names(name):
                if literal(value.text):
                    yield value.wrong(f"is written out although {name} is the name of a secret", _IN_KUBERNETES)
            else:
                yield from _judge(value, _IN_KUBERNETES)


_HANDLERS = ("livenessProbe", "readinessProbe", "startupProbe")
_HOOKS = ("postStart", "preStop")


@resource_rule(
    "container-handler-secrets",
    requirements=("SEC-2",),
    types=kinds.WORKLOADS,
    severity=Severity.CRITICAL,
)
def container_handler_secrets(resource: Resource) -> Iterator[Finding]:
    """No probe and no hook of a pod holds a secret in its command or its headers."""
    for container in kinds.all_containers(kinds.pod_spec(resource)):
        handlers = [container.at(name) for name in _HANDLERS]
        handlers += [container.at("lifecycle", name) for name in _HOOKS]
        for handler in handlers:
            for argument in handler.at("exec", "command").items():
                yield from _judge_argument(argument, _IN_KUBERNETES)
            for header in handler.at("httpGet", "httpHeaders").items():
                yield from _judge(header.at("value"), "take it out; a probe needs no login")


@resource_rule(
    "document-secrets",
    requirements=("SEC-2",),
    types=(kinds.CONFIG_MAP, kinds.DOCKER_CONTAINER, kinds.HELM_CHART),
    severity=Severity.CRITICAL,
)
def document_secrets(resource: Resource) -> Iterator[Finding]:
    """No document gives a secret under its name, nor a chart's values: files and Secrets carry them."""
    if resource.type == kinds.HELM_CHART:
        for leaf in resource.props.at("values").leaves():
            yield from _judge(leaf, _IN_KUBERNETES)
        return
    for value in resource.props.at("binaryData").entries():
        yield from _judge_decoded(value[1])
    for document in of_resource(resource):
        if document.kind in _WITH_LOGINS:
            for leaf in document.content.leaves():
                name = leaf.path.rpartition(".")[2]
                if (
                    name.lower() not in {"key", "keys"}
                    and secret_name(name)
                    and literal(leaf.text)
                    and len(leaf.text) > 3
                ):
                    yield leaf.wrong(f"is written out although {name} is the name of a secret", "name a file")


_WITH_LOGINS = frozenset({ALERTMANAGER, DATASOURCES, LOG_AGENT, LOKI, PROMETHEUS, TEMPO, GRAFANA})


def _judge_decoded(value: Value) -> Iterator[Finding]:
    seen = secret_in(decoded(value.text))
    if seen:
        yield value.wrong(f"holds {seen}", _IN_KUBERNETES)


@resource_rule(
    "machine-tag-secrets",
    requirements=("SEC-2",),
    types=(kinds.VM, kinds.LXC, kinds.DNS_RECORD),
)
def machine_tag_secrets(resource: Resource) -> Iterator[Finding]:
    """No tag of a machine and no DNS record holds a secret: everyone can read them."""
    for each in resource.props.at("records" if resource.type == kinds.DNS_RECORD else "tags").items():
        yield from _judge(each, "take it out")


@resource_rule(
    "container-command-secrets",
    requirements=("SEC-2",),
    types=kinds.WORKLOADS,
    severity=Severity.CRITICAL,
)
def container_command_secrets(resource: Resource) -> Iterator[Finding]:
    """No command line of a pod holds a secret: everyone on the node can read it."""
    for container in kinds.all_containers(kinds.pod_spec(resource)):
        for name in ("command", "args"):
            for argument in container.at(name).items():
                yield from _judge_argument(argument, _IN_KUBERNETES)


def _judge_argument(argument: Value, remedy: str) -> Iterator[Finding]:
    option, _, value = argument.text.partition("=")
    name = option if secret_name(option.lstrip("-")) and literal(value) else assigned_secret(argument.text)
    if name:
        yield argument.wrong(f"gives {name} written out", remedy)
    else:
        yield from _judge(argument, remedy)


@resource_rule(
    "config-map-secrets",
    requirements=("SEC-2",),
    types=(kinds.CONFIG_MAP,),
    severity=Severity.CRITICAL,
)
def config_map_secrets(resource: Resource) -> Iterator[Finding]:
    """No ConfigMap holds a secret."""
    for key, value in resource.props.at("data").entries():
        if secret_name(key) and literal(value.text):
            yield value.wrong("is written out although its key is the name of a secret", _IN_KUBERNETES)
        else:
            yield from _judge(value, _IN_KUBERNETES)


@resource_rule(
    "annotation-secrets",
    requirements=("SEC-2",),
    types=(
        *kinds.WORKLOADS,
        kinds.CONFIG_MAP,
        kinds.SERVICE,
        kinds.INGRESS,
        kinds.NAMESPACE,
        kinds.NETWORK_POLICY,
        kinds.SERVICE_ACCOUNT_KUBERNETES,
    ),
    severity=Severity.CRITICAL,
)
def annotation_secrets(resource: Resource) -> Iterator[Finding]:
    """No annotation or label holds a secret."""
    places = [resource.props.at("metadata")]
    if resource.type in kinds.WORKLOADS and resource.type != kinds.POD:
        places.append(kinds.pod_template(resource).at("metadata"))
    for metadata in places:
        for name in ("annotations", "labels"):
            for key, value in metadata.at(name).entries():
                # The id of a key is as random as the key, and says nothing.
                if not (key.endswith("-key-id") and secret_in(value.text) == HEX):
                    yield from _judge(value, "take it out; nobody needs a secret there")


@resource_rule(
    "docker-env-secrets",
    requirements=("SEC-2",),
    types=(kinds.DOCKER_CONTAINER,),
    severity=Severity.CRITICAL,
)
def docker_env_secrets(resource: Resource) -> Iterator[Finding]:
    """No environment variable, label or command line of a Docker container holds a secret."""
    for entry in resource.props.at("envs").items():
        name, _, value = entry.text.partition("=")
        if secret_name(name) and not _is_service_names(name):
            if literal(value):
                yield entry.wrong(f"gives {name} written out", _IN_DOCKER)
        else:
            yield from _judge(entry, _IN_DOCKER)
    for name in ("command", "entrypoints"):
        for argument in resource.props.at(name).items():
            yield from _judge_argument(argument, _IN_DOCKER)
    for label in resource.props.at("labels").items():
        yield from _judge(label.at("value"), "take it out; nobody needs a secret there")


@resource_rule(
    "user-data-secrets",
    requirements=("SEC-2",),
    types=(kinds.FILE,),
    severity=Severity.CRITICAL,
)
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


@resource_rule(
    "machine-password",
    requirements=("SEC-2",),
    types=(kinds.VM, kinds.LXC),
)
def machine_password(resource: Resource) -> Iterator[Finding]:
    """No machine has a password for logging in: SSH keys only."""
    password = resource.props.at("initialization", "userAccount", "password")
    if password.present:
        yield password.wrong("is set", "remove it and give keys")


@resource_rule(
    "machine-description-secrets",
    requirements=("SEC-2",),
    types=(kinds.VM, kinds.LXC, *kinds.CLONED_VMS),
)
def machine_description_secrets(resource: Resource) -> Iterator[Finding]:
    """No description of a machine holds a secret: everyone with a look at the hypervisor reads it."""
    description = resource.props.at("description")
    seen = secret_in(description.text) or assigned_secret(description.text)
    if seen:
        yield description.wrong(f"holds what looks like {seen}", "take it out")
    for name, value in resource.props.at("environmentVariables").entries():
        if secret_name(name) and literal(value.text):
            yield value.wrong("is written out", _ON_A_MACHINE)


@resource_rule(
    "command-secrets",
    requirements=("SEC-2",),
    types=kinds.COMMANDS,
    severity=Severity.CRITICAL,
)
def command_secrets(resource: Resource) -> Iterator[Finding]:
    """No command that runs on a machine has a secret on its command line."""
    for name in ("create", "update", "delete"):
        command = resource.props.at(name)
        seen = secret_in(command.text) or assigned_secret(command.text)
        if seen:
            yield command.wrong(f"holds what looks like {seen}", "give it by stdin")
    for name, value in resource.props.at("environment").entries():
        if secret_name(name) and literal(value.text):
            yield value.wrong("is written out", "give it by stdin")


RULES = (
    container_env_secrets,
    container_handler_secrets,
    document_secrets,
    machine_tag_secrets,
    container_command_secrets,
    config_map_secrets,
    annotation_secrets,
    docker_env_secrets,
    user_data_secrets,
    machine_password,
    machine_description_secrets,
    command_secrets,
)
