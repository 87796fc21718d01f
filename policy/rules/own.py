"""Each program has its own: secrets, image, name and environment; what it is told of itself is so (SEC-2, ENV-1)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from ..judging import Resource, Severity, Stack, resource_rule, stack_rule
from ..values import Finding, UnevaluableError, Value
from . import kinds
from .database import files
from .documents import ROUTING, contents
from .images import OWN_REGISTRY
from .references import in_environment

_NAME, _SLOT, _ENVIRONMENT = "app.kubernetes.io/name", "luxima.id/slot", "environment"
_ITSELF: Mapping[str, str] = {"ENVIRONMENT": _ENVIRONMENT, "SLOT": _SLOT, "OTEL_SERVICE_NAME": _NAME}
"""Variables of the services' contract, and the labels that say the same."""
_IDLE = re.compile(r"(?:(?:/usr)?/bin/)?(?:sleep|tail|true|false|yes|cat|pause|:|exit)(?:\s.*)?", re.DOTALL)
_SHELL = re.compile(r"(?:(?:/usr)?/bin/)?(?:ba|da)?sh -c ")
_ASKED = re.compile(r"(?:_HOST=(?!true$|false$)|=http://)([a-z][a-z0-9-]*)(?::\d+)?$")
_KEYED = frozenset({"rest", "realtime", "auth", "meta"})
"""Parts of Supabase that ask for a key of the application at the door."""
_OPEN_PATH = re.compile(r"\(Path\(`/auth/v1/[\w./-]+`\) \|\| PathPrefix\(`/auth/v1/[\w./-]+/`\)\)")
_LAST = ["host", "all", "all", "all", "reject"]


def _program(workload: Resource) -> str:
    return kinds.pod_template(workload).at("metadata", "labels", _NAME).text


def _read(pod: Value) -> Iterator[Value]:
    yield from in_environment(pod)
    for volume in pod.at("volumes").items():
        yield volume.at("secret", "secretName")
        for source in volume.at("projected", "sources").items():
            keys = {item.at("key").text for item in source.at("secret", "items").items()}
            # Whom to trust is no secret.
            if keys != {"ca.crt"}:
                yield source.at("secret", "name")


@stack_rule("secret-of-one", requirements=("SEC-2",), types=kinds.WORKLOADS, severity=Severity.CRITICAL)
def secret_of_one(stack: Stack) -> Iterator[Finding]:
    """A Secret is read by one program, and the registry's login by none."""
    readers: dict[tuple[str, str], dict[str, Value]] = {}
    pulled: set[tuple[str, str]] = set()
    for workload in stack.of(*kinds.WORKLOADS):
        pod, space = kinds.pod_spec(workload), kinds.namespace_of(workload)
        pulled |= {(space, each.at("name").text) for each in pod.at("imagePullSecrets").items()}
        for name in _read(pod):
            with contextlib.suppress(UnevaluableError):
                if name.text:
                    readers.setdefault((space, name.text), {})[_program(workload)] = name
    for place, programs in readers.items():
        for program, name in programs.items():
            if len(programs) > 1:
                yield name.wrong(f"is read by {' and '.join(sorted(programs))}", "give each its own")
            if place in pulled:
                yield name.wrong(f"shows {program} the registry's login", "name it in imagePullSecrets alone")


@stack_rule("image-of-one", requirements=("ENV-2", "REL-1", "REL-7"), types=(*kinds.WORKLOADS, kinds.LEDGER))
def image_of_one(stack: Stack) -> Iterator[Finding]:
    """An image of our own runs as the program of its name, and the stack remembers what was released."""
    runs: dict[str, dict[str, Value]] = {}
    for workload in stack.of(*kinds.WORKLOADS):
        if _SLOT in kinds.pod_template(workload).at("metadata", "labels").names():
            for container in kinds.pod_spec(workload).at("containers").items():
                image = container.at("image")
                if OWN_REGISTRY.match(image.text):
                    runs.setdefault(image.text.partition("@")[0], {})[_program(workload)] = image
    for repository, programs in runs.items():
        for program, image in programs.items():
            if not stack.of(kinds.LEDGER):
                yield image.wrong("is run by a stack that forgets what was rolled back", "declare the Ledger")
            if repository.rpartition("/")[2] != program:
                yield image.wrong(f"is no image of {program}", f"take one of the repository {program}")


@resource_rule("told-of-itself", requirements=("ENV-1", "REL-1", "MON-1", "LOG-4"), types=kinds.WORKLOADS)
def told_of_itself(resource: Resource) -> Iterator[Finding]:
    """A service is told its own name, slot, environment and port, as its labels and ports say."""
    labels = kinds.pod_template(resource).at("metadata", "labels")
    if _SLOT not in labels.names():
        return
    for container in kinds.pod_spec(resource).at("containers").items():
        for argument in container.at("args").items() if OWN_REGISTRY.match(container.at("image").text) else ():
            yield argument.wrong("is told beside the image", "give a variable of the service's settings")
        ports = {port.at("containerPort").text for port in container.at("ports").items()}
        for entry in container.at("env").items():
            name, value = entry.at("name").text, entry.at("value")
            right = labels.at(_ITSELF[name]).text if name in _ITSELF else ""
            if right and value.text != right:
                yield value.wrong(f"is {value.text}, and the pod is {right}", f"give {right}")
            if name == "PORT" and value.text not in ports:
                yield value.wrong(f"is {value.text}, which the pod does not open", "give the port that it opens")
            if name == "OTEL_RESOURCE_ATTRIBUTES" and labels.at(_ENVIRONMENT).text not in value.text:
                yield value.wrong("is another environment's", f"give {labels.at(_ENVIRONMENT).text}")


@stack_rule("one-environment", requirements=("ENV-1", "MON-1"), types=(kinds.DOCKER_CONTAINER, *kinds.WORKLOADS))
def one_environment(stack: Stack) -> Iterator[Finding]:
    """All that runs in a stack is of one environment."""
    said: dict[str, list[Value]] = {}
    for container in stack.of(kinds.DOCKER_CONTAINER):
        text = kinds.label_of(container, _ENVIRONMENT)
        said.setdefault(text, []).append(container.props.at("labels"))
    for workload in stack.of(*kinds.WORKLOADS):
        place = kinds.pod_template(workload).at("metadata", "labels", _ENVIRONMENT)
        said.setdefault(place.text, []).append(place)
    said.pop("", None)
    most = max(said, key=lambda each: len(said[each]), default="")
    for text, places in said.items():
        for place in places if text != most else ():
            yield place.wrong(f"is of {text}, and the stack of {most}", f"give {most}")


@resource_rule("command-does", requirements=("ENV-4", "INF-2"), types=(kinds.DOCKER_CONTAINER,))
def command_does(resource: Resource) -> Iterator[Finding]:
    """A container that runs does its work, in a network, and waits for nothing."""
    props = resource.props
    if not kinds.runs(resource):
        return
    for name in ("entrypoints", "command"):
        told = " ".join(props.at(name).texts())
        if told and _IDLE.fullmatch(_SHELL.sub("", told)):
            yield props.at(name).wrong("does nothing", "give the program")
    if props.at("networkMode").text == "none" and props.at("restart").text:
        yield props.at("networkMode").wrong("is none: it asks nobody, and nobody asks it", "remove it")


def _routing(container: Resource) -> Iterator[Value]:
    """What a gateway on a Docker host is told of `http`; before the first update the keys in it are not known."""
    with contextlib.suppress(UnevaluableError):
        for content in contents(container, ROUTING):
            yield content.at("http")


@stack_rule("docker-names", requirements=("INF-4", "SEC-3"), types=(kinds.DOCKER_CONTAINER, kinds.DOCKER_NETWORK))
def docker_names(stack: Stack) -> Iterator[Finding]:
    """A name in a declared network of Docker is one container's; who is told a name, or leads there, finds it."""
    networks = {each.props.at("name").text for each in stack.of(kinds.DOCKER_NETWORK)}
    taken: dict[tuple[str, str], str] = {}
    for container in stack.of(kinds.DOCKER_CONTAINER):
        for joined in container.props.at("networksAdvanced").items():
            if joined.at("name").text not in networks:
                yield joined.at("name").wrong(f"is {joined.at('name').text}, which is not declared", "declare it")
            for alias in joined.at("aliases").items():
                owner = taken.setdefault((joined.at("name").text, alias.text), container.name)
                if owner != container.name:
                    yield alias.wrong(f"is {alias.text}, the name of {owner}", "give its own")
    known = {alias for _, alias in taken}
    for container in stack.of(kinds.DOCKER_CONTAINER) if known else ():
        yield from _leads(container, known)
        joined = [each.at("name").text for each in container.props.at("networksAdvanced").items()]
        for entry in container.props.at("envs").items() if joined else ():
            asked = _ASKED.search(entry.text)
            if asked and not any((network, asked[1]) in taken for network in joined):
                yield entry.wrong(f"asks {asked[1]}, which nobody is there", "name a container")


def _leads(container: Resource, known: set[str]) -> Iterator[Finding]:
    for http in _routing(container):
        for name, service in http.at("services").entries():
            for server in service.at("loadBalancer", "servers").items():
                host = (urlsplit(server.at("url").text).hostname or "").partition(".")[0]
                if host not in known and "." not in server.at("url").text:
                    yield server.at("url").wrong(f"leads to {host}, which nobody is", "name a container")
                elif host in known and name in known and host != name:
                    yield server.at("url").wrong(f"leads {name} to {host}", f"lead it to {name}")


@resource_rule(
    "supabase-keys", requirements=("SEC-3", "INF-4"), types=(kinds.DOCKER_CONTAINER,), severity=Severity.CRITICAL
)
def supabase_keys(resource: Resource) -> Iterator[Finding]:
    """Supabase's door asks for a key before it leads to what answers from the database; PostgreSQL ends with a no."""
    for http in _routing(resource):
        led = set[str]()
        for _, router in http.at("routers").entries():
            rule, part = router.at("rule"), router.at("service").text
            led.add(part)
            if part in _KEYED and "`apikey`" not in rule.text and not _OPEN_PATH.fullmatch(rule.text):
                yield rule.wrong(f"leads to {part} without a key", "ask for the header apikey")
            if part in _KEYED and "`apikey`" in rule.text:
                led.add(f"{part} by key")
        for name in http.at("services").names():
            if name not in led or (name in _KEYED and f"{name} by key" not in led):
                yield http.at("services", name).wrong("is where no route leads to", "give it one")
    for content in files(resource, "pg_hba.conf"):
        lines = [line.split("#")[0].split() for line in content.text.splitlines() if line.split("#")[0].split()]
        if lines and lines[-1] != _LAST:
            yield content.wrong("does not end with a no", f"end with {' '.join(_LAST)}")
