"""Resources that break no rule at all; specs change them in one place."""

from __future__ import annotations

from typing import Any, Final

DIGEST: Final = "sha256:0d2b5c2d5bd1dcf0a9a4a1a6a2f3be0cc0a5e64d2f5bdb0b90f7d1c0a6f0c9e1"
LABELS: Final = {"app.kubernetes.io/name": "storefront", "luxima.id/slot": "blue"}

CONTAINER: Final[dict[str, Any]] = {
    "name": "storefront",
    "image": f"registry.luxima.id/aceh/storefront@{DIGEST}",
    "env": [
        {"name": "PORT", "value": "3000"},
        {"name": "API_URL", "value": "https://api.acehcommerce.id"},
        {"name": "OTEL_EXPORTER_OTLP_ENDPOINT", "value": "http://tempo.observability.svc.cluster.local:4318"},
        {"name": "TOKEN_TTL_SECONDS", "value": "3600"},
        {"name": "JWT_SECRET_FILE", "value": "/run/secrets/jwt"},
        {"name": "S3_SECRET_KEY", "valueFrom": {"secretKeyRef": {"name": "storefront", "key": "secret"}}},
    ],
    "args": ["--config.file=/etc/storefront/config.yaml", "--listen=:3000"],
    "ports": [{"name": "http", "containerPort": 3000.0}],
    "readinessProbe": {"httpGet": {"path": "/healthz", "port": "http"}},
    "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http"}},
    "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    },
}
POD: Final[dict[str, Any]] = {
    "automountServiceAccountToken": False,
    "priorityClassName": "luxima-services",
    "securityContext": {"runAsNonRoot": True, "runAsUser": 10001.0, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [CONTAINER],
    "volumes": [{"name": "tmp", "emptyDir": {}}],
}
TEMPLATE: Final[dict[str, Any]] = {"metadata": {"labels": LABELS, "annotations": {}}, "spec": POD}
DEPLOYMENT: Final[dict[str, Any]] = {
    "metadata": {"name": "storefront-blue", "namespace": "commerce", "labels": LABELS, "annotations": {}},
    "spec": {"replicas": 2.0, "selector": {"matchLabels": LABELS}, "template": TEMPLATE},
}
CRON_JOB: Final[dict[str, Any]] = {
    "metadata": {"name": "copy", "namespace": "commerce"},
    "spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": TEMPLATE}}},
}
BARE_POD: Final[dict[str, Any]] = {"metadata": {"name": "once", "namespace": "commerce"}, "spec": POD}
BUDGET: Final[dict[str, Any]] = {
    "metadata": {"name": "storefront-blue", "namespace": "commerce"},
    "spec": {"maxUnavailable": 1.0, "selector": {"matchLabels": LABELS}},
}
NAMESPACE: Final[dict[str, Any]] = {
    "metadata": {"name": "commerce", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}
}
DEFAULT_DENY: Final[dict[str, Any]] = {
    "metadata": {"name": "default-deny", "namespace": "commerce"},
    "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
}
CONFIG_MAP: Final[dict[str, Any]] = {
    "metadata": {"name": "prometheus", "namespace": "observability"},
    "data": {
        "prometheus.yml": "global:\n  scrape_interval: 15s\nscrape_configs:\n  - job_name: storefront\n"
        "    authorization:\n      credentials_file: /run/secrets/token\n",
        "rules.yml": "groups:\n  - name: KubernetesPodCPUThrottlingHighFor95PercentileOver10Minutes\n"
        "    rules:\n      - alert: APIErrorRateHigh\n        expr: sum(rate(http_requests_total[2m])) > 0.05\n",
    },
}
SERVICE: Final[dict[str, Any]] = {
    "metadata": {"name": "edge-blue", "namespace": "edge", "annotations": {}},
    "spec": {
        "type": "LoadBalancer",
        "ports": [
            {"name": "https", "port": 443.0, "targetPort": "https"},
            {"name": "http-redirect", "port": 80.0, "targetPort": "redirect"},
        ],
    },
}
INGRESS: Final[dict[str, Any]] = {
    "metadata": {"name": "storefront", "namespace": "commerce"},
    "spec": {
        "tls": [{"hosts": ["acehcommerce.id", "*.acehcommerce.id"], "secretName": "wildcard"}],
        "rules": [
            {
                "host": "admin.acehcommerce.id",
                "http": {"paths": [{"backend": {"service": {"name": "admin", "port": {"number": 3000.0}}}}]},
            }
        ],
    },
}
DOCKER_CONTAINER: Final[dict[str, Any]] = {
    "name": "postgres",
    "image": f"pgvector/postgres@{DIGEST}",
    "envs": ["POSTGRES_PASSWORD_FILE=/run/secrets/postgres", "POSTGRES_DB=luxima", "PGTZ=Asia/Jakarta"],
    "command": ["postgres", "-c", "config_file=/etc/postgresql.conf"],
    "capabilities": {"drops": ["ALL"], "adds": ["CHOWN"]},
    "securityOpts": ["no-new-privileges:true"],
    "memory": 1024.0,
    "memorySwap": 1024.0,
    "healthcheck": {"tests": ["CMD", "pg_isready"]},
    "restart": "unless-stopped",
    "readOnly": True,
    "ports": [{"internal": 5432.0, "external": 5432.0, "ip": "127.0.0.1"}],
    "volumes": [{"volumeName": "data", "containerPath": "/var/lib/postgresql/data"}],
}
VM: Final[dict[str, Any]] = {
    "nodeName": "pve1",
    "name": "k3s-agent-1",
    "description": "k3s agent of the dev cluster; made by Pulumi",
    "initialization": {"userAccount": {"username": "luxima", "keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ ops"]}},
    "networkDevices": [{"bridge": "vmbr0", "firewall": True}],
}
LXC: Final[dict[str, Any]] = {
    "nodeName": "pve1",
    "description": "name server",
    "unprivileged": True,
    "networkInterfaces": [{"name": "eth0", "firewall": True}],
}
USER_DATA: Final = """\
#cloud-config
users:
  - name: luxima
    lock_passwd: true
    ssh_authorized_keys:
      - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE0k8Zr3dYV2m1PpQwLxN7cTtUu5oRj9sBvGhKfXyA2e ops@luxima
packages: [qemu-guest-agent]
write_files:
  - path: /etc/rancher/k3s/config.yaml
    content: |
      server: https://10.10.10.20:6443
      token-file: /etc/rancher/k3s/token
"""
"""Names no secret; the public key is as random as a private one."""
API: Final[Any] = {
    "metadata": {"namespace": "commerce"},
    "spec": {
        "template": {
            "metadata": {"labels": {"app.kubernetes.io/name": "api", "environment": "production"}},
            "spec": {"containers": [{"name": "main", "ports": [{"containerPort": 3000.0}]}]},
        }
    },
}
"""A service's Deployment, of which the log agents and Prometheus' jobs find the pods."""
LOG_AGENT: Final[Any] = {
    "metadata": {"name": "log-agent", "namespace": "node-agents"},
    "spec": {
        "updateStrategy": {"rollingUpdate": {"maxUnavailable": "25%"}},
        "template": {
            "metadata": {"labels": {"app.kubernetes.io/name": "log-agent"}},
            "spec": {
                "tolerations": [{"operator": "Exists", "effect": "NoSchedule"}],
                "containers": [{"volumeMounts": [{"name": "pods", "mountPath": "/p", "readOnly": True}]}],
                "volumes": [{"name": "pods", "hostPath": {"path": "/var/log/pods"}}],
            },
        },
    },
}
TEMPO: Final[Any] = {
    "distributor": {},
    "storage": {},
    "metrics_generator": {"storage": {"remote_write": [{"url": "http://p.observability.svc"}]}},
    "overrides": {"defaults": {"metrics_generator": {"processors": ["span-metrics"]}}},
}
