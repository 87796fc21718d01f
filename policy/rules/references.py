"""What pods, documents and variables name is declared: accounts, Secrets, Services, ports (ENV-4, MON-1)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

from ..judging import Resource, Stack, stack_rule
from ..values import Finding, UnevaluableError, Value
from . import kinds
from .documents import of_resource
from .images import OWN_REGISTRY

_INSIDE = re.compile(r"\b(?:[a-z0-9-]+\.)*?([a-z0-9-]+)\.([a-z0-9-]+)\.svc\b(?:\.cluster\.local\b)?(?::(\d+))?")


def _declared(stack: Stack, *types: str) -> set[tuple[str, str]]:
    """Namespaces and names; `?` in the place of a namespace that is not known yet."""
    found: set[tuple[str, str]] = set()
    for each in stack.of(*types):
        with contextlib.suppress(UnevaluableError):
            found.add((kinds.namespace_of(each), each.props.at("metadata", "name").text))
    return found


def _is(names: set[tuple[str, str]], namespace: str, name: str) -> bool:
    return (namespace, name) in names or ("?", name) in names or namespace == "?"


def in_environment(pod: Value) -> Iterator[Value]:
    """Names of the Secrets that are in the environment of a pod's containers."""
    for container in kinds.all_containers(pod):
        for entry in container.at("env").items():
            yield entry.at("valueFrom", "secretKeyRef", "name")
        for entry in container.at("envFrom").items():
            yield entry.at("secretRef", "name")


def _secrets(pod: Value) -> Iterator[Value]:
    for each in pod.at("imagePullSecrets").items():
        yield each.at("name")
    yield from in_environment(pod)
    for volume in pod.at("volumes").items():
        if volume.at("secret", "optional").flag is not True:
            yield volume.at("secret", "secretName")
        for source in volume.at("projected", "sources").items():
            if source.at("secret", "optional").flag is not True:
                yield source.at("secret", "name")


@stack_rule(
    "pod-references",
    requirements=("ENV-4", "INF-6"),
    types=(*kinds.WORKLOADS, kinds.SERVICE_ACCOUNT_KUBERNETES, kinds.SECRET, kinds.CERTIFICATE),
)
def pod_references(stack: Stack) -> Iterator[Finding]:
    """The account of a pod and the Secrets that it needs are declared, those to pull its image with among them."""
    accounts, secrets = _declared(stack, kinds.SERVICE_ACCOUNT_KUBERNETES), _declared(stack, kinds.SECRET)
    pulled: set[tuple[str, str]] = set()
    for each in stack.of(kinds.SECRET):
        with contextlib.suppress(UnevaluableError):
            if each.props.at("type").text == "kubernetes.io/dockerconfigjson":
                pulled.add((kinds.namespace_of(each), each.props.at("metadata", "name").text))
    made = secrets | {
        (kinds.namespace_of(each), each.props.at("spec", "secretName").text) for each in stack.of(kinds.CERTIFICATE)
    }
    for workload in stack.of(*kinds.WORKLOADS):
        pod, namespace = kinds.pod_spec(workload), kinds.namespace_of(workload)
        account = pod.at("serviceAccountName")
        if accounts and not _is(accounts, namespace, account.text):
            yield account.wrong(f"{account.text or 'default'} is not declared in {namespace}", "declare the account")
        for name in _secrets(pod) if secrets else ():
            with contextlib.suppress(UnevaluableError):
                if name.text and not _is(made, namespace, name.text):
                    yield name.wrong(f"{name.text} is not declared in {namespace}", "declare the Secret")
        volumes = {each.at("name").text for each in pod.at("volumes").items()}
        volumes |= {
            each.at("metadata", "name").text for each in workload.props.at("spec", "volumeClaimTemplates").items()
        }
        for container in kinds.all_containers(pod):
            for mount in container.at("volumeMounts").items():
                if mount.at("name").text not in volumes:
                    yield mount.at("name").wrong(f"is {mount.at('name').text}, of which no volume is", "declare it")
        own = [each for each in kinds.all_containers(pod) if OWN_REGISTRY.match(each.at("image").text)]
        keys = pod.at("imagePullSecrets")
        if own and secrets and not any(_is(pulled, namespace, each.at("name").text) for each in keys.items()):
            yield keys.wrong("holds no login of the registry, which shows its images to nobody else", "name the Secret")


def _texts(resource: Resource) -> Iterator[Value]:
    if resource.type in kinds.WORKLOADS:
        for container in kinds.all_containers(kinds.pod_spec(resource)):
            yield from (entry.at("value") for entry in container.at("env").items())
            yield from container.at("args").items()
        return
    for document in of_resource(resource):
        if document.ending != ".json":
            with contextlib.suppress(UnevaluableError):
                yield from document.content.leaves()


@stack_rule(
    "services-named",
    requirements=("MON-1", "MON-4", "ALR-7", "LOG-7"),
    types=(kinds.CONFIG_MAP, *kinds.WORKLOADS, kinds.SERVICE),
)
def services_named(stack: Stack) -> Iterator[Finding]:
    """Where a program is told to ask in the cluster, a Service is declared, with the port that it names."""
    ports: dict[tuple[str, str], set[str]] = {}
    for service in stack.of(kinds.SERVICE):
        with contextlib.suppress(UnevaluableError):
            opened = {port.at("port").text for port in service.props.at("spec", "ports").items()}
            ports[kinds.namespace_of(service), service.props.at("metadata", "name").text] = opened
    spaces = {space for space, _ in ports}
    if "?" in spaces:
        return
    for resource in stack.of(kinds.CONFIG_MAP, *kinds.WORKLOADS):
        for place in _texts(resource):
            with contextlib.suppress(UnevaluableError):
                for name, space, port in _INSIDE.findall(place.text) if ".svc" in place.text else ():
                    opened = ports.get((space, name))
                    if space in spaces and opened is None:
                        yield place.wrong(f"names {name}.{space}, which is not declared", "declare the Service")
                    elif opened is not None and port and port not in opened:
                        yield place.wrong(f"names port {port} of {name}, which it has not", "name one of its ports")
