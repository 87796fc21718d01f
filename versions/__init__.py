"""Everything of others that the platform runs, with how long its publisher supports it (INF-7).

One table: rooms take the images from it, the sandbox makes images under these names, a policy refuses what is not in it
or is past its end, `make versions` prints it, and a bot can bump it. The services' own images are in `releases/`.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final


@dataclass(frozen=True)
class Pinned:
    """A program, a chart or an operating system of somebody else, in one version."""

    reference: str
    """`registry/repository:tag` of an image; `name:version` of anything else."""
    licence: str
    """As SPDX names it."""
    ends: date | None = None
    """Last day of its publisher's support; None where only the newest release is supported and no day is told."""
    support: str = "the newest release"
    """What its publisher says of it."""

    @property
    def name(self) -> str:
        """Without the version."""
        return self.reference.rpartition(":")[0]

    @property
    def version(self) -> str:
        """The version alone."""
        return self.reference.rpartition(":")[2]


_NEXT_MINOR: Final = "each minor until the next"
_COOLIFY: Final = "what Coolify's newest release names"
_SUPABASE: Final = "what Supabase's newest self-hosted release names"

KUBE_VIP: Final = Pinned("ghcr.io/kube-vip/kube-vip:v1.2.4", "Apache-2.0")
TRAEFIK: Final = Pinned("docker.io/library/traefik:v3.7.15", "MIT", support=_NEXT_MINOR)

REGISTRY: Final = Pinned("docker.io/library/registry:3.1.2", "Apache-2.0")
SILO: Final = Pinned("docker.io/pgsty/silo:RELEASE.2026-09-16T00-00-00Z", "AGPL-3.0-or-later")
"""What became of MinIO, which is archived: the same program, API and data (docs/adr/0031)."""
COOLIFY: Final = Pinned("docker.io/coollabsio/coolify:4.3.11", "Apache-2.0")
COOLIFY_REALTIME: Final = Pinned("docker.io/coollabsio/coolify-realtime:1.0.17", "Apache-2.0", support=_COOLIFY)
COOLIFY_POSTGRES: Final = Pinned(
    "docker.io/library/postgres:15.18-alpine", "PostgreSQL", date(2027, 11, 11), "PostgreSQL 15, which Coolify names"
)
COOLIFY_REDIS: Final = Pinned(
    "docker.io/valkey/valkey:8.1.10-alpine", "BSD-3-Clause", date(2028, 3, 31), "three years; in the place of Redis 7"
)

PROMETHEUS: Final = Pinned(
    "quay.io/prometheus/prometheus:v3.13.5", "Apache-2.0", date(2027, 7, 31), "long-term support of 3.13"
)
ALERTMANAGER: Final = Pinned("quay.io/prometheus/alertmanager:v0.35.0", "Apache-2.0")
NODE_EXPORTER: Final = Pinned("quay.io/prometheus/node-exporter:v1.12.1", "Apache-2.0")
BLACKBOX_EXPORTER: Final = Pinned("quay.io/prometheus/blackbox-exporter:v0.29.1", "Apache-2.0")
POSTGRES_EXPORTER: Final = Pinned("quay.io/prometheuscommunity/postgres-exporter:v0.20.1", "Apache-2.0")
KUBE_STATE_METRICS: Final = Pinned("registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.20.0", "Apache-2.0")
PVE_EXPORTER: Final = Pinned("docker.io/prompve/prometheus-pve-exporter:3.10.2", "Apache-2.0")
CADVISOR: Final = Pinned("ghcr.io/google/cadvisor:v0.60.6", "Apache-2.0")

LOKI: Final = Pinned("docker.io/grafana/loki:3.7.8", "AGPL-3.0-only", support=_NEXT_MINOR)
TEMPO: Final = Pinned("docker.io/grafana/tempo:2.10.8", "AGPL-3.0-only", date(2027, 4, 26), "recommended versions")
GRAFANA: Final = Pinned(
    "docker.io/grafana/grafana:12.4.10", "AGPL-3.0-only", date(2027, 5, 24), "last minor of 12: 15 months"
)
ALLOY: Final = Pinned("docker.io/grafana/alloy:v1.21.2", "Apache-2.0", support=_NEXT_MINOR)
PROMTAIL: Final = Pinned(
    "docker.io/grafana/promtail:3.6.15", "Apache-2.0", date(2026, 3, 2), "ended, Alloy replaces it"
)

SUPABASE_POSTGRES: Final = Pinned(
    "docker.io/supabase/postgres:17.6.1.140", "PostgreSQL", date(2029, 11, 8), "PostgreSQL 17"
)
SUPABASE_AUTH: Final = Pinned("docker.io/supabase/gotrue:v2.189.0", "MIT", support=_SUPABASE)
POSTGREST: Final = Pinned("docker.io/postgrest/postgrest:v14.12", "MIT", support=_NEXT_MINOR)
SUPABASE_REALTIME: Final = Pinned("docker.io/supabase/realtime:v2.102.3", "Apache-2.0", support=_SUPABASE)
SUPABASE_STORAGE: Final = Pinned("docker.io/supabase/storage-api:v1.60.4", "Apache-2.0", support=_SUPABASE)
IMGPROXY: Final = Pinned("docker.io/darthsim/imgproxy:v3.30.1", "Apache-2.0")
POSTGRES_META: Final = Pinned("docker.io/supabase/postgres-meta:v0.96.6", "Apache-2.0", support=_SUPABASE)
EDGE_RUNTIME: Final = Pinned("docker.io/supabase/edge-runtime:v1.74.0", "MIT", support=_SUPABASE)
SUPABASE_STUDIO: Final = Pinned("docker.io/supabase/studio:2026.06.01-sha-a4334a2", "Apache-2.0", support=_SUPABASE)
SUPAVISOR: Final = Pinned("docker.io/supabase/supavisor:2.9.7", "Apache-2.0", support=_SUPABASE)

CERT_MANAGER: Final = Pinned("cert-manager:v1.21.2", "Apache-2.0", support="until 1.23 is released")
"""The chart at https://charts.jetstack.io; tools/go/cert-manager pins the same version's CRDs."""
DEBIAN: Final = Pinned("debian:13", "many", date(2028, 8, 9), "then long-term support to 2030-06-30")
"""The operating system of all guests; which of its images is in the stack files."""

_CHART_IMAGES: Final = tuple(
    Pinned(f"quay.io/jetstack/cert-manager-{part}:{CERT_MANAGER.version}", CERT_MANAGER.licence)
    for part in ("acmesolver", "cainjector", "controller", "startupapicheck", "webhook")
)
"""What the chart runs."""

TABLE: Final = (
    KUBE_VIP,
    TRAEFIK,
    REGISTRY,
    SILO,
    COOLIFY,
    COOLIFY_REALTIME,
    COOLIFY_POSTGRES,
    COOLIFY_REDIS,
    PROMETHEUS,
    ALERTMANAGER,
    NODE_EXPORTER,
    BLACKBOX_EXPORTER,
    POSTGRES_EXPORTER,
    KUBE_STATE_METRICS,
    PVE_EXPORTER,
    CADVISOR,
    LOKI,
    TEMPO,
    GRAFANA,
    ALLOY,
    PROMTAIL,
    SUPABASE_POSTGRES,
    SUPABASE_AUTH,
    POSTGREST,
    SUPABASE_REALTIME,
    SUPABASE_STORAGE,
    IMGPROXY,
    POSTGRES_META,
    EDGE_RUNTIME,
    SUPABASE_STUDIO,
    SUPAVISOR,
    CERT_MANAGER,
    *_CHART_IMAGES,
    DEBIAN,
)

KUBERNETES_ENDS: Final = {
    (1, 35): date(2027, 2, 28),
    (1, 36): date(2027, 6, 28),
    (1, 37): date(2027, 10, 28),
}
"""Last day of support of each minor version of Kubernetes, and of k3s with it; which one a stack has is in its file."""
