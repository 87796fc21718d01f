"""What pods mount is there (ENV-4): a file with another name is a program that does not start."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from ..judging import Stack, stack_rule
from ..values import Finding, UnevaluableError, Value
from . import kinds

_EVERYWHERE = frozenset({"kube-root-ca.crt"})
"""ConfigMaps that the cluster itself puts into each namespace."""


def _mounted(pod: Value) -> Iterator[tuple[str, Value, Value]]:
    for volume in pod.at("volumes").items():
        for kind, key in (("configMap", "name"), ("secret", "secretName")):
            yield kind, volume.at(kind, key), volume.at(kind)
        for source in volume.at("projected", "sources").items():
            for kind in ("configMap", "secret"):
                yield kind, source.at(kind, "name"), source.at(kind)


@stack_rule("mounted-files", requirements=("ENV-4",), types=(*kinds.WORKLOADS, kinds.CONFIG_MAP, kinds.SECRET))
def mounted_files(stack: Stack) -> Iterator[Finding]:
    """ConfigMaps that pods mount are declared, and hold the files that are asked for, as do Secrets."""
    there: dict[tuple[str, str, str], set[str]] = {}
    for resource in stack.of(kinds.CONFIG_MAP, kinds.SECRET):
        kind = "configMap" if resource.type == kinds.CONFIG_MAP else "secret"
        keys = {name for field in ("data", "stringData", "binaryData") for name in _names(resource.props.at(field))}
        with contextlib.suppress(UnevaluableError):
            there[kind, kinds.namespace_of(resource), resource.props.at("metadata", "name").text] = keys
    if not there:
        return
    for workload in stack.of(*kinds.WORKLOADS):
        namespace = kinds.namespace_of(workload)
        for kind, name, source in _mounted(kinds.pod_spec(workload)):
            # A name that is not known yet is the output of what declares it.
            with contextlib.suppress(UnevaluableError):
                if not name.text or name.text in _EVERYWHERE or source.at("optional").flag:
                    continue
                keys = there.get((kind, namespace, name.text))
                if keys is None and kind == "secret":
                    # cert-manager and others write Secrets as well.
                    continue
                if keys is None:
                    yield name.wrong(f"{name.text} is not declared", "declare it, or mark the mount optional")
                    continue
                for item in source.at("items").items():
                    if keys and item.at("key").text not in keys:
                        yield item.at("key").wrong(f"{item.at('key').text} is not in {name.text}", "name a key of it")


def _names(value: Value) -> list[str]:
    with contextlib.suppress(UnevaluableError):
        return value.names()
    return []
