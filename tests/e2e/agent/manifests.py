"""A service's slot as components/kubernetes/workload.py declares it; durations are the caller's."""

from typing import Any

REGISTRY = "registry.luxima.id/api"
OLD = f"{REGISTRY}@sha256:{'a' * 64}"
NEW = f"{REGISTRY}@sha256:{'b' * 64}"
BROKEN = f"{REGISTRY}@sha256:{'c' * 64}"
PORT = 8080


def namespace(name: str) -> dict[str, Any]:
    """The namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def labels(service: str, slot: str) -> dict[str, str]:
    """Labels of all objects of a slot."""
    return {"app.kubernetes.io/name": service, "luxima.id/slot": slot, "environment": "development"}


def service(name: str, slot: str) -> dict[str, Any]:
    """The slot's Service."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": f"{name}-{slot}", "labels": labels(name, slot)},
        "spec": {
            "type": "ClusterIP",
            "selector": labels(name, slot),
            "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}],
        },
    }


def deployment(
    name: str,
    slot: str,
    image: str,
    *,
    replicas: int = 3,
    drain: int = 1,
    min_ready: int = 1,
    deadline: int = 60,
    grace: int = 30,
) -> dict[str, Any]:
    """The slot's Deployment."""
    health = {"path": "/healthz", "port": "http", "scheme": "HTTP"}
    container = {
        "name": "main",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        "env": [
            {"name": "SLOT", "value": slot},
            {"name": "SETTINGS", "value": "/etc/service/settings.yaml"},
            {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "token", "key": "token", "optional": True}}},
        ],
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
        # On a busy machine an answer may take its time.
        "startupProbe": {"httpGet": health, "periodSeconds": 1, "timeoutSeconds": 5, "failureThreshold": 30},
        "readinessProbe": {"httpGet": health, "periodSeconds": 1, "timeoutSeconds": 5, "failureThreshold": 2},
        "livenessProbe": {"httpGet": health, "periodSeconds": 10, "failureThreshold": 6},
        "lifecycle": {"preStop": {"sleep": {"seconds": drain}}},
        "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True},
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - in the container
            {"name": "settings", "mountPath": "/etc/service", "readOnly": True},
        ],
    }
    settings = {"configMap": {"name": "settings", "optional": True}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"{name}-{slot}", "labels": labels(name, slot)},
        "spec": {
            "replicas": replicas,
            "minReadySeconds": min_ready,
            "progressDeadlineSeconds": deadline,
            "revisionHistoryLimit": 5,
            "selector": {"matchLabels": labels(name, slot)},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {
                "metadata": {"labels": labels(name, slot)},
                "spec": {
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    "terminationGracePeriodSeconds": grace,
                    "containers": [container],
                    "volumes": [
                        {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
                        {"name": "settings", "projected": {"defaultMode": 0o440, "sources": [settings]}},
                    ],
                },
            },
        },
    }
