"""Third-party container images, in one table that a bot can bump; the services' own images are in `releases/`."""

from typing import Final

KUBE_VIP: Final = "ghcr.io/kube-vip/kube-vip:v1.0.1"
NODE_EXPORTER: Final = "quay.io/prometheus/node-exporter:v1.9.1"
