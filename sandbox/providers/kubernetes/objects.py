"""What is known of kinds without a server: names of objects, what replaces them, what this provider refuses."""

import base64
import copy
from typing import Any, cast

from sandbox.providers.values import UNKNOWN

AUTONAMED = "pulumi.com/autonamed"
SKIP_AWAIT = "pulumi.com/skipAwait"
PROPAGATION = "pulumi.com/deletionPropagationPolicy"

Object = dict[str, Any]

_ALWAYS = frozenset({"apiVersion", "kind", "metadata.name", "metadata.namespace"})

_WORKLOAD = frozenset({"spec.selector"})
_JOB = frozenset({"spec.completions", "spec.parallelism", "spec.selector", "spec.template"})
_STATEFUL_SET = frozenset(
    {
        "spec.podManagementPolicy",
        "spec.revisionHistoryLimit",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    }
)
_CLAIM = frozenset({"spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"})
_VOLUME_SOURCES = frozenset(f"spec.{source}" for source in ("csi", "fc", "hostPath", "iscsi", "local", "nfs"))

_REPLACE_ON: dict[tuple[str, str], frozenset[str]] = {
    ("apps", "DaemonSet"): _WORKLOAD,
    ("apps", "Deployment"): _WORKLOAD,
    ("apps", "StatefulSet"): _STATEFUL_SET,
    ("batch", "Job"): _JOB,
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): frozenset({"roleRef"}),
    ("rbac.authorization.k8s.io", "RoleBinding"): frozenset({"roleRef"}),
    ("storage.k8s.io", "StorageClass"): frozenset({"parameters", "provisioner"}),
    ("", "PersistentVolume"): _VOLUME_SOURCES,
    ("", "PersistentVolumeClaim"): _CLAIM,
    ("", "Pod"): frozenset({"spec"}),
    ("", "ResourceQuota"): frozenset({"spec.scopes"}),
    ("", "Secret"): frozenset({"type"}),
    ("", "Service"): frozenset({"spec.clusterIP"}),
}
"""As the official provider has it (`provider/pkg/provider/diff.go`), for the kinds that this platform may use."""

_REFUSED_GROUPS = {"helm.sh": "charts", "yaml": "manifest files", "kustomize": "kustomizations"}


def replace_on(new: Object, *, config_map_mutable: bool, secret_mutable: bool) -> frozenset[str]:
    """Input paths whose change replaces the object."""
    group, _, _ = str(new.get("apiVersion", "")).rpartition("/")
    kind = str(new.get("kind", ""))
    paths = _ALWAYS | _REPLACE_ON.get((group, kind), frozenset())
    fixed = new.get("immutable") is True
    if (group, kind) == ("", "ConfigMap") and (fixed or not config_map_mutable):
        paths |= {"data", "binaryData"}
    if (group, kind) == ("", "Secret") and (fixed or not secret_mutable):
        paths |= {"data", "stringData"}
    return paths


def refusal(token: str) -> str | None:
    """Why a type is not to be had from this provider; None where it is."""
    module, _, kind = token.removeprefix("kubernetes:").rpartition(":")
    group = module.partition("/")[0]
    if group in _REFUSED_GROUPS:
        what = _REFUSED_GROUPS[group]
        return f"the local kubernetes provider makes no {what} ({token}); declare the objects as typed resources"
    if kind.endswith("Patch"):
        return f"the local kubernetes provider patches nothing ({token}); declare the whole object"
    if kind.endswith("List") and group != "":
        return f"the local kubernetes provider makes no lists ({token}); declare each object"
    return None


def with_name(inputs: Object, old: Object, generated: str) -> Object:
    """`inputs` with a generated name, where the program gives none: that of `old` if it was generated too."""
    metadata = inputs.get("metadata", {})
    if metadata is UNKNOWN or "name" in metadata or "generateName" in metadata:
        return inputs
    before = cast("Object", old.get("metadata", {}))
    kept = before.get("name") if annotation(old, AUTONAMED) == "true" else None
    annotations = {**metadata.get("annotations", {}), AUTONAMED: "true"}
    return {**inputs, "metadata": {**metadata, "name": kept or generated, "annotations": annotations}}


def annotation(obj: Object, key: str) -> str | None:
    """Value of an annotation of `obj`."""
    metadata = obj.get("metadata")
    annotations = cast("Object", metadata).get("annotations") if isinstance(metadata, dict) else None
    return cast("Object", annotations).get(key) if isinstance(annotations, dict) else None


def identity(obj: Object) -> tuple[Any, Any]:
    """(namespace, name)."""
    metadata = cast("Object", obj.get("metadata", {}))
    return metadata.get("namespace"), metadata.get("name")


def to_apply(inputs: Object) -> Object:
    """What is sent: a Secret's `stringData` as `data`, since fields applied as `stringData` do not vanish again."""
    body = cast("Object", _with_dashes({k: v for k, v in inputs.items() if k not in ("status", "stringData")}))
    texts = inputs.get("stringData")
    if not isinstance(texts, dict):
        return body
    encoded = {key: base64.b64encode(str(text).encode()).decode() for key, text in cast("Object", texts).items()}
    return {**body, "data": {**body.get("data", {}), **encoded}}


def _with_dashes(value: Any) -> Any:
    """`x_kubernetes_validations`, as the SDK spells it, with the dashes of the API."""
    if isinstance(value, list):
        return [_with_dashes(item) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    return {
        key.replace("_", "-") if key.startswith("x_kubernetes_") else key: _with_dashes(item)
        for key, item in cast("Object", value).items()
    }


def to_outputs(live: Object) -> Object:
    """What is kept of a live object: all but who owns which field."""
    outputs = copy.deepcopy(live)
    outputs.get("metadata", {}).pop("managedFields", None)
    return outputs


def to_inputs(live: Object) -> Object:
    """What a program would declare to have an object like `live` (for `import`): all but what the server sets."""
    inputs = {key: value for key, value in to_outputs(live).items() if key != "status"}
    for key in ("creationTimestamp", "generation", "resourceVersion", "selfLink", "uid"):
        inputs.get("metadata", {}).pop(key, None)
    return inputs
