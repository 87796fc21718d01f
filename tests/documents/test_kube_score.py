"""The manifests of every stack, judged by kube-score: no critical finding that is not explained here."""

import json
import subprocess
from typing import Any, Final

import pytest
import yaml

from tests.recording import STACKS, record_platform, stack_settings
from tools import ensure

pytestmark = pytest.mark.needs_tools

_CRITICAL: Final = 1

_EXPLAINED: Final = {
    ("container-image-pull-policy", ""): "images are pinned: services' by digest, others' by version; a node that "
    "cannot reach the registry still starts what it has",
    ("container-resources", ""): "there is no CPU limit on purpose: spare time is used, and nobody is throttled",
    **{
        ("pod-probes-identical", f"Deployment/apps/v1/commerce/{name}-blue"): "a service has one health path; liveness "
        "waits six times as long as readiness"
        for name in ("storefront", "admin", "auth", "api", "functions")
    },
    ("container-security-context-user-group-id", "DaemonSet/apps/v1/node-agents/log-agent"): "only root may read the "
    "containers' logs; the agent has no capability",
    **{
        (
            "networkpolicy-targets-pod",
            f"NetworkPolicy/networking.k8s.io/v1/cert-manager/{name}",
        ): "the pods are those of the official chart, which are not among these manifests"
        for name in ("allow-dns", "cert-manager", "default-deny")
    },
}
"""By check and object, "" for every object: why it stays."""


def _manifests(stack: str) -> str:
    documents: list[dict[str, Any]] = []
    for each in record_platform(stack_settings(stack)).resources:
        if each.type.startswith("kubernetes:"):
            _, version, kind = each.type.split(":")
            documents.append({"apiVersion": version.removeprefix("core/"), "kind": kind, **each.inputs})
    return yaml.safe_dump_all(documents)


@pytest.mark.parametrize("stack", STACKS)
def test_every_critical_finding_is_explained_and_every_explanation_is_needed(stack: str) -> None:
    done = subprocess.run(
        [ensure("kube-score")["kube-score"], "score", "--output-format", "json", "--kubernetes-version", "v1.36", "-"],
        input=_manifests(stack),
        capture_output=True,
        text=True,
        check=False,
    )
    scored = json.loads(done.stdout)
    assert len(scored) > 30
    found = {
        (check["check"]["id"], item["object_name"])
        for item in scored
        for check in item["checks"]
        if check["grade"] == _CRITICAL and not check["skipped"]
    }
    explained = {(id_, name) for id_, name in found if (id_, "") in _EXPLAINED or (id_, name) in _EXPLAINED}
    assert found - explained == set()
    needed = {key for key in _EXPLAINED if key in found or (not key[1] and key[0] in {id_ for id_, _ in found})}
    assert needed == set(_EXPLAINED)
