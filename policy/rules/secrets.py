"""No secret in plain text in a spec (SEC-2): Kubernetes Secrets, files and references carry them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..judging import Resource, Severity, resource_rule
from ..values import Finding, Value
from . import kinds
from .documents import ALERTMANAGER, DATASOURCES, GRAFANA, LOG_AGENT, LOKI, PROMETHEUS, TEMPO, decoded, of_resource
from .secret_detection import HEX, assigned_secret, literal, secret_in, secret_name

_IN_KUBERNETES = "put it into a Secret and refer to it by valueFrom.secretKeyRef or a mounted file"
_IN_DOCKER = "upload it as a file and give its path in <NAME>_FILE"


def _is_service_names(name: str) -> bool:
    """Kubernetes and Docker pass these to everyone; they say where something is."""
    return name.endswith(("_HOST", "_PORT", "_URL", "_ENDPOINT"))


def judge(place: Value, remedy: str) -> Iterator[Finding]:
    """What looks like a secret at a place."""
    seen = secret_in(place.text)
    if seen:
        yield place.wrong(f"looks like {seen}", remedy)


@resource_rule("container-env-secrets", requirements=("SEC-2",), types=kinds.WORKLOADS, severity=Severity.CRITICAL)
def container_env_secrets(resource: Resource) -> Iterator[Finding]:
    """No environment variable of a pod holds a secret written out."""
    for container in kinds.all_containers(kinds.pod_spec(resource)):
        for entry in container.at("env").items():
            name, value = entry.at("name").text, entry.at("value")
            if secret_name(name) and not _is_service_names(name):
                if literal(value.text):
                    yield value.wrong(f"is written out although {name} is the name of a secret", _IN_KUBERNETES)
            else:
                yield from _judge_argument(value, _IN_KUBERNETES)


_HANDLERS = ("livenessProbe", "readinessProbe", "startupProbe")
_HOOKS = ("postStart", "preStop")


@resource_rule("container-handler-secrets", requirements=("SEC-2",), types=kinds.WORKLOADS, severity=Severity.CRITICAL)
def container_handler_secrets(resource: Resource) -> Iterator[Finding]:
    """No probe and no hook of a pod holds a secret in its command or its headers."""
    for container in kinds.all_containers(kinds.pod_spec(resource)):
        handlers = [container.at(name) for name in _HANDLERS]
        handlers += [container.at("lifecycle", name) for name in _HOOKS]
        for handler in handlers:
            for argument in handler.at("exec", "command").items():
                yield from _judge_argument(argument, _IN_KUBERNETES)
            for header in handler.at("httpGet", "httpHeaders").items():
                yield from judge(header.at("value"), "take it out; a probe needs no login")


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
            yield from judge(leaf, _IN_KUBERNETES)
        return
    for _, value in resource.props.at("binaryData").entries():
        text = decoded(value.text)
        seen = secret_in(text) or assigned_secret(text)
        if seen:
            yield value.wrong(f"holds {seen}", _IN_KUBERNETES)
    for document in of_resource(resource):
        # A container's own files are where its secrets are; programs that take them from a file have no need of that.
        if document.kind in _WITH_LOGINS or resource.type == kinds.CONFIG_MAP:
            for name, leaf in document.content.named_leaves():
                if is_named(name, leaf):
                    yield leaf.wrong(f"is written out although {name} is the name of a secret", "name a file")


_WITH_LOGINS = frozenset({ALERTMANAGER, DATASOURCES, LOG_AGENT, LOKI, PROMETHEUS, TEMPO, GRAFANA})


def is_named(name: str, leaf: Value) -> bool:
    """Whether something stands written out under the name of a secret."""
    return name.lower() not in {"key", "keys"} and secret_name(name) and literal(leaf.text) and len(leaf.text) > 3


@resource_rule("container-command-secrets", requirements=("SEC-2",), types=kinds.WORKLOADS, severity=Severity.CRITICAL)
def container_command_secrets(resource: Resource) -> Iterator[Finding]:
    """No command line of a pod holds a secret: everyone on the node can read it."""
    for container in kinds.all_containers(kinds.pod_spec(resource)):
        for name in ("command", "args"):
            yield from _judge_arguments(container.at(name), _IN_KUBERNETES)


def _judge_arguments(arguments: Value, remedy: str) -> Iterator[Finding]:
    """An option and its value may also stand one after the other."""
    option = ""
    for argument in arguments.items():
        text = argument.text
        if option and literal(text) and not text.startswith("-"):
            yield argument.wrong(f"gives {option} written out", remedy)
        else:
            yield from _judge_argument(argument, remedy)
        option = text if text.startswith("--") and "=" not in text and secret_name(text.lstrip("-")) else ""


def _judge_argument(argument: Value, remedy: str) -> Iterator[Finding]:
    option, _, value = argument.text.partition("=")
    name = option if secret_name(option.lstrip("-")) and literal(value) else assigned_secret(argument.text)
    if name:
        yield argument.wrong(f"gives {name} written out", remedy)
    else:
        yield from judge(argument, remedy)


@resource_rule("config-map-secrets", requirements=("SEC-2",), types=(kinds.CONFIG_MAP,), severity=Severity.CRITICAL)
def config_map_secrets(resource: Resource) -> Iterator[Finding]:
    """No ConfigMap holds a secret."""
    for key, value in resource.props.at("data").entries():
        if secret_name(key) and literal(value.text):
            yield value.wrong("is written out although its key is the name of a secret", _IN_KUBERNETES)
        elif key.endswith(_LINES) and (name := assigned_secret(value.text) or _spoken(value.text)):
            yield value.wrong(f"gives {name} written out", _IN_KUBERNETES)
        else:
            yield from judge(value, _IN_KUBERNETES)


_LINES = (".env", ".properties", ".conf", ".cnf", ".cfg", ".sh", ".txt")
"""Files of lines that say `name=value` or `name value`."""
_SPOKEN = re.compile(r"^\s*([A-Za-z][\w.-]*)[ \t]+([^\s=:#][^\s#]{3,})\s*$", re.MULTILINE)


def _spoken(text: str) -> str | None:
    """The name of a secret that a line gives with its value after a blank."""
    return next((name for name, value in _SPOKEN.findall(text) if secret_name(name) and literal(value)), None)


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
                    yield from _judge_note(value)


@resource_rule(
    "docker-env-secrets", requirements=("SEC-2",), types=(kinds.DOCKER_CONTAINER,), severity=Severity.CRITICAL
)
def docker_env_secrets(resource: Resource) -> Iterator[Finding]:
    """No environment variable, label or command line of a Docker container holds a secret."""
    for entry in resource.props.at("envs").items():
        name, _, value = entry.text.partition("=")
        if secret_name(name) and not _is_service_names(name):
            if literal(value):
                yield entry.wrong(f"gives {name} written out", _IN_DOCKER)
        else:
            yield from judge(entry, _IN_DOCKER)
    for place in ("command", "entrypoints"):
        yield from _judge_arguments(resource.props.at(place), _IN_DOCKER)
    for label in resource.props.at("labels").items():
        yield from _judge_note(label.at("value"))


def _judge_note(place: Value) -> Iterator[Finding]:
    """What is noted for people, in whatever words."""
    name = assigned_secret(place.text)
    if name:
        yield place.wrong(f"gives {name} written out", "take it out; nobody needs a secret there")
    else:
        yield from judge(place, "take it out; nobody needs a secret there")
