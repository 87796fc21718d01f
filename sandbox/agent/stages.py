"""kwok's own stages for pods, with one exception added: pods that carry a slot are not kwok's business."""

from typing import Any, Final

import yaml

SLOT_LABEL: Final = "luxima.id/slot"
"""Pods that carry it are run by the agent."""
_EXCEPTION: Final = {"jq": {"key": f'.metadata.labels["{SLOT_LABEL}"]', "operator": "DoesNotExist"}}

_READY: Final = """\
{{ $now := Now }}

conditions:
- lastTransitionTime: {{ $now | Quote }}
  status: "True"
  type: Initialized
- lastTransitionTime: {{ $now | Quote }}
  status: "True"
  type: Ready
- lastTransitionTime: {{ $now | Quote }}
  status: "True"
  type: ContainersReady
{{ range .spec.readinessGates }}
- lastTransitionTime: {{ $now | Quote }}
  status: "True"
  type: {{ .conditionType | Quote }}
{{ end }}

containerStatuses:
{{ range .spec.containers }}
- image: {{ .image | Quote }}
  name: {{ .name | Quote }}
  ready: true
  restartCount: 0
  state:
    running:
      startedAt: {{ $now | Quote }}
{{ end }}

initContainerStatuses:
{{ range .spec.initContainers }}
- image: {{ .image | Quote }}
  name: {{ .name | Quote }}
  ready: true
  restartCount: 0
  {{ if eq .restartPolicy "Always" }}
  started: true
  state:
    running:
      startedAt: {{ $now | Quote }}
  {{ else }}
  state:
    terminated:
      exitCode: 0
      finishedAt: {{ $now | Quote }}
      reason: Completed
      startedAt: {{ $now | Quote }}
  {{ end }}
{{ end }}

hostIP: {{ NodeIPWith .spec.nodeName | Quote }}
podIP: {{ PodIPWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) \
( or .metadata.name "" ) ( or .metadata.namespace "" ) | Quote }}
phase: Running
startTime: {{ $now | Quote }}
"""
_COMPLETE: Final = """\
{{ $now := Now }}
{{ $root := . }}
containerStatuses:
{{ range $index, $item := .spec.containers }}
{{ $origin := index $root.status.containerStatuses $index }}
- image: {{ $item.image | Quote }}
  name: {{ $item.name | Quote }}
  ready: false
  restartCount: 0
  started: false
  state:
    terminated:
      exitCode: 0
      finishedAt: {{ $now | Quote }}
      reason: Completed
      startedAt: {{ $now | Quote }}
{{ end }}
phase: Succeeded
"""


def documents() -> list[dict[str, Any]]:
    """The stages of pods, as kwok 0.7 has them when none are given (kustomize/stage/pod/fast), with the exception."""
    living = _jq(".metadata.deletionTimestamp", "DoesNotExist")
    job = _jq(".metadata.ownerReferences.[].kind", "In", "Job")
    running = _jq(".status.phase", "In", "Running")
    new = _jq(".status.podIP", "DoesNotExist")
    leaving = _jq(".metadata.deletionTimestamp", "Exists")
    return [
        _stage("pod-ready", [living, new], {"statusTemplate": _READY}),
        _stage("pod-complete", [living, running, job], {"statusTemplate": _COMPLETE}),
        _stage("pod-delete", [leaving], {"finalizers": {"empty": True}, "delete": True}),
    ]


def _jq(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"jq": {"key": key, "operator": operator, **({"values": list(values)} if values else {})}}


def _stage(name: str, expressions: list[dict[str, Any]], then: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": {"name": name},
        "spec": {
            "resourceRef": {"apiGroup": "v1", "kind": "Pod"},
            "selector": {"matchExpressions": [*expressions, _EXCEPTION]},
            "next": then,
        },
    }


def adjusted(text: str, *, agent: bool) -> str:
    """A cluster's `kwok.yaml` with the exception in its pod stages, or without; the very text when that is so."""
    parts = text.split("\n---\n")
    return "\n---\n".join(_adjust(part, agent=agent) for part in parts)


def _adjust(part: str, *, agent: bool) -> str:
    if "\nkind: Stage\n" not in part and not part.startswith("kind: Stage\n"):
        return part
    content: dict[str, Any] = yaml.safe_load(part)
    if content["spec"]["resourceRef"].get("kind") != "Pod":
        return part
    expressions: list[dict[str, Any]] = content["spec"]["selector"]["matchExpressions"]
    if (_EXCEPTION in expressions) == agent:
        return part
    others = [item for item in expressions if item != _EXCEPTION]
    content["spec"]["selector"]["matchExpressions"] = [*others, _EXCEPTION] if agent else others
    return yaml.safe_dump(content)
