"""Third-party images and charts, in one table that a bot can bump; the services' own images are in `releases/`."""

from typing import Final

KUBE_VIP: Final = "ghcr.io/kube-vip/kube-vip:v1.0.1"
TRAEFIK: Final = "docker.io/library/traefik:v3.7.15"

PROMETHEUS: Final = "quay.io/prometheus/prometheus:v3.8.0"
ALERTMANAGER: Final = "quay.io/prometheus/alertmanager:v0.31.1"
NODE_EXPORTER: Final = "quay.io/prometheus/node-exporter:v1.9.1"
BLACKBOX_EXPORTER: Final = "quay.io/prometheus/blackbox-exporter:v0.27.0"
POSTGRES_EXPORTER: Final = "quay.io/prometheuscommunity/postgres-exporter:v0.18.1"
KUBE_STATE_METRICS: Final = "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.17.0"
CADVISOR: Final = "gcr.io/cadvisor/cadvisor:v0.52.1"

LOKI: Final = "docker.io/grafana/loki:3.7.8"
TEMPO: Final = "docker.io/grafana/tempo:2.9.0"
GRAFANA: Final = "docker.io/grafana/grafana:12.3.0"
ALLOY: Final = "docker.io/grafana/alloy:v1.12.0"
PROMTAIL: Final = "docker.io/grafana/promtail:3.6.15"

CERT_MANAGER_CHART: Final = "v1.19.5"
"""Of the chart cert-manager at https://charts.jetstack.io; tools/go/cert-manager pins the same version's CRDs."""
