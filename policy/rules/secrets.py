"""No secret in plain text in a spec (SEC-2): Kubernetes Secrets, files and references carry them."""

from __future__ import annotations

from collections.abc import Iterator

from ..judging import Resource, Severity, resource_rule
from ..values import Finding, Value
from . import kinds
from .secret_detection import assigned_secret, literal, secret_in, secret_name

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
    types=(*kinds.WORKLOADS, kinds.CONFIG_MAP, kinds.SERVICE, kinds.INGRESS, kinds.NAMESPACE),
    severity=Severity.CRITICAL,
)
def annotation_secrets(resource: Resource) -> Iterator[Finding]:
    """No annotation or label holds a secret."""
    places = [resource.props.at("metadata")]
    if resource.type in kinds.WORKLOADS and resource.type != kinds.POD:
        places.append(kinds.pod_template(resource).at("metadata"))
    for metadata in places:
        for name in ("annotations", "labels"):
            for _, value in metadata.at(name).entries():
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


RULES = (
    container_env_secrets,
    container_command_secrets,
    config_map_secrets,
    annotation_secrets,
    docker_env_secrets,
    user_data_secrets,
    machine_password,
    machine_description_secrets,
    command_secrets,
)
