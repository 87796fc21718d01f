"""cert-manager's own definitions of its kinds, from the pinned module, as strict schemas."""

import functools
from typing import Any, Final, cast

import jsonschema
import yaml

from tools import ensure

_PLURALS: Final = {"ClusterIssuer": "clusterissuers", "Certificate": "certificates"}


@functools.cache
def schema(kind: str) -> dict[str, Any]:
    """The schema of a kind; unlike the API server, which drops what it does not know, it refuses that."""
    file = ensure("cert-manager-crds")["cert-manager-crds"] / f"cert-manager.io_{_PLURALS[kind]}.yaml"
    definition = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
    (version,) = [each for each in definition["spec"]["versions"] if each["name"] == "v1"]
    assert version["served"]
    return cast("dict[str, Any]", _strict(version["schema"]["openAPIV3Schema"]))


def scope(kind: str) -> str:
    """Namespaced or Cluster."""
    file = ensure("cert-manager-crds")["cert-manager-crds"] / f"cert-manager.io_{_PLURALS[kind]}.yaml"
    return str(yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)["spec"]["scope"])


def problems(kind: str, spec: Any) -> list[str]:
    """What the definition says against a spec."""
    validator: Any = jsonschema.Draft202012Validator(schema(kind)["properties"]["spec"])
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(spec)]


def _strict(node: Any) -> Any:
    if isinstance(node, list):
        return [_strict(item) for item in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    found = {key: _strict(value) for key, value in cast("dict[str, Any]", node).items()}
    closed = isinstance(found.get("properties"), dict) and found.get("type") == "object"
    if closed and not found.get("x-kubernetes-preserve-unknown-fields"):
        found["additionalProperties"] = False
    return found
