"""What a pod's spec says, read: folders, environment, command line, and the objects it refers to."""

import base64
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from sandbox.agent.addresses import loopback
from sandbox.agent.objects import Object, part, parts
from sandbox.agent.rewriting import Rewriter, fill
from sandbox.agent.stages import SLOT_LABEL
from sandbox.agent.table import Program

Find = Callable[[str, str, str], Object | None]
"""An object of the cluster by kind (`configmaps` or `secrets`), namespace and name."""

_VARIABLE = re.compile(r"\$(\$)?\(([\w.-]+)\)")
_REFERENCES = {
    "configMapRef": "configmaps",
    "configMapKeyRef": "configmaps",
    "secretRef": "secrets",
    "secretKeyRef": "secrets",
}
_SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['(.+)'\]")


class MissingError(Exception):
    """A pod needs an object that is not there (yet); its text names it."""


def ours(pod: Object) -> bool:
    """Whether the agent runs it: it has a slot and a node."""
    return SLOT_LABEL in part(pod["metadata"], "labels") and bool(pod["spec"].get("nodeName"))


def ports(pod: Object) -> dict[str, int]:
    """Container ports of the whole pod by name; unnamed ones by number."""
    return {name: port for container in pod["spec"]["containers"] for name, port in container_ports(container).items()}


def container_ports(container: Object) -> dict[str, int]:
    """Ports of a container by name; unnamed ones by number."""
    listed = parts(container, "ports")
    return {item.get("name") or str(item["containerPort"]): int(item["containerPort"]) for item in listed}


def needed(container: Object, find: Find, namespace: str, kind: str, name: str, *, optional: bool) -> Object | None:
    """An object that a container refers to.

    Raises:
        MissingError: When it is not there and not optional.
    """
    found = find(kind, namespace, name)
    if found is None and not optional:
        raise MissingError(f"{container.get('name', 'the pod')} needs {kind[:-1]} {namespace}/{name}")
    return found


def files(item: Object | None, kind: str) -> dict[str, bytes]:
    """The content of a ConfigMap or Secret."""
    if item is None:
        return {}
    if kind == "secrets":
        return {name: base64.b64decode(value) for name, value in part(item, "data").items()}
    plain = {name: value.encode() for name, value in part(item, "data").items()}
    return plain | {name: base64.b64decode(value) for name, value in part(item, "binaryData").items()}


def field(pod: Object, path: str, address: str) -> str:
    """A field of the pod as `fieldRef` names it; addresses are those that a process of this machine can bind."""
    meta, spec = pod["metadata"], pod["spec"]
    subscript = _SUBSCRIPT.fullmatch(path)
    if subscript:
        return str(part(meta, subscript.group(1)).get(subscript.group(2), ""))
    known = {
        "metadata.name": meta["name"],
        "metadata.namespace": meta["namespace"],
        "metadata.uid": meta["uid"],
        "spec.nodeName": spec.get("nodeName", ""),
        "spec.serviceAccountName": spec.get("serviceAccountName", ""),
        "status.podIP": loopback(address),
        "status.podIPs": loopback(address),
        "status.hostIP": "127.0.0.1",
    }
    return str(known.get(path, ""))


def environment(pod: Object, container: Object, find: Find, address: str) -> dict[str, str]:
    """The variables of a container, as its spec has them.

    Raises:
        MissingError: When an object or a key that is not optional is not there.
    """
    namespace = pod["metadata"]["namespace"]
    found: dict[str, str] = {}
    for source in parts(container, "envFrom"):
        for ref, kind in (("configMapRef", "configmaps"), ("secretRef", "secrets")):
            if ref in source:
                optional = bool(source[ref].get("optional"))
                item = needed(container, find, namespace, kind, source[ref]["name"], optional=optional)
                prefix = source.get("prefix", "")
                found |= {f"{prefix}{name}": value.decode() for name, value in files(item, kind).items()}
    for variable in parts(container, "env"):
        name, origin = variable["name"], variable.get("valueFrom")
        if not origin:
            found[name] = expanded(variable.get("value") or "", found)
        elif "fieldRef" in origin:
            found[name] = field(pod, origin["fieldRef"]["fieldPath"], address)
        else:
            value = _referred(container, find, namespace, origin)
            if value is not None:
                found[name] = value
    return found


def _referred(container: Object, find: Find, namespace: str, origin: Object) -> str | None:
    for ref, kind in (("configMapKeyRef", "configmaps"), ("secretKeyRef", "secrets")):
        if ref in origin:
            wanted = origin[ref]
            optional = bool(wanted.get("optional"))
            item = needed(container, find, namespace, kind, wanted["name"], optional=optional)
            value = files(item, kind).get(wanted["key"])
            if value is None and not optional:
                raise MissingError(f"{kind[:-1]} {namespace}/{wanted['name']} has no key {wanted['key']}")
            return None if value is None else value.decode()
    return None


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """`$(NAME)` filled in as Kubernetes does; `$$(NAME)` and unknown names stay."""

    def value(match: re.Match[str]) -> str:
        return match.group()[1:] if match.group(1) else variables.get(match.group(2), match.group())

    return _VARIABLE.sub(value, text)


def placeholders(pod: Object, container: Object, address: str, folder: Path) -> dict[str, str]:
    """Values of the image table's placeholders."""
    own = container_ports(container)
    return {
        "address": loopback(address),
        **({"port": str(next(iter(own.values())))} if own else {}),
        **{f"port:{name}": str(port) for name, port in ports(pod).items()},
        "folder": str(folder),
        "image": container["image"],
        "pod": pod["metadata"]["name"],
        "namespace": pod["metadata"]["namespace"],
    }


def arguments(
    program: Program, container: Object, values: Mapping[str, str], variables: Mapping[str, str], rewrite: Rewriter
) -> list[str]:
    """The command line of a container's process."""
    words: list[str] = container.get("args") or []
    own = [rewrite(expanded(str(word), variables)) for word in words]
    found: list[str] = []
    for word in program.command:
        found += own if word == "{args}" else [fill(word, values)]
    return found


def references(pod: Object) -> set[tuple[str, str, str]]:
    """ConfigMaps and Secrets of the pod's volumes and variables, by kind, namespace and name."""
    namespace = pod["metadata"]["namespace"]
    found: set[tuple[str, str, str]] = set()
    for container in pod["spec"]["containers"]:
        origins = [part(item, "valueFrom") for item in parts(container, "env")]
        for origin in [*origins, *parts(container, "envFrom")]:
            for ref, kind in _REFERENCES.items():
                if ref in origin:
                    found.add((kind, namespace, origin[ref]["name"]))
    for volume in parts(pod["spec"], "volumes"):
        sources = parts(part(volume, "projected"), "sources") or [volume]
        for source in sources:
            if "configMap" in source:
                found.add(("configmaps", namespace, source["configMap"]["name"]))
            if "secret" in source:
                secret = source["secret"]
                found.add(("secrets", namespace, secret.get("secretName") or secret.get("name")))
    return found
