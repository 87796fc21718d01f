"""What an image of a name holds: the real program, a stand-in, the guard, or the services' example."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sandbox.images import database
from sandbox.images.archive import Config
from sandbox.images.model import PAUSE, repository

PROGRAM: Final = "/sandbox-program"
"""Where the sandbox's own program lies."""
_NOBODY: Final = "65534"


@dataclass(frozen=True)
class Real:
    """A program that can be had, in its publisher's image's place, with that image's way to run it."""

    program: str
    """Its name in `tools.table`."""
    config: Config
    """The first word of the entry point is where it lies."""
    lacks: str = ""
    """What the publisher's own build has and this one does not."""
    poses: Sequence[str] = ()
    """Commands of its publisher's image that ask for its health, for which the sandbox's own program does it."""


@dataclass(frozen=True)
class StandIn:
    """A program that cannot be had."""

    name: str
    """What it is called."""
    ports: Sequence[int]
    """TCP ports that it answers on; its arguments may say another first one."""
    paths: Sequence[str]
    """Paths that it answers with 200, besides `/` and `/metrics`."""
    unseen: str
    """What therefore is not seen."""
    series: str = ""
    """What it says at its paths, where somebody would miss it: healthy figures."""
    poses: Sequence[str] = ()
    """Programs in /bin that it is as well: a shell that would become the real one, and what asks for its health."""
    calls: bool = False
    """Whether it calls functions of the database, for which it brings psql."""

    @property
    def config(self) -> Config:
        """How it is run."""
        given = (self.name, ",".join(str(port) for port in self.ports), ",".join(self.paths))
        env = [f"SERIES={self.series}"] if self.series else []
        if "sh" in self.poses:
            env.append(f"SANDBOX_STAND_IN={';'.join(given)}")
        return Config((PROGRAM, *(("rest",) if self.calls else ("stand-in", *given))), user=_NOBODY, env=tuple(env))


def _prometheus(name: str, *command: str, folder: str = "/", user: str = _NOBODY) -> Real:
    """As the images of that project are made, on busybox."""
    return Real(name, Config((f"/bin/{name}",), command, user, folder), poses=("wget",))


REAL: Final[Mapping[str, Real]] = {
    "docker.io/library/traefik": Real("traefik", Config(("/usr/local/bin/traefik",))),
    "docker.io/library/registry": Real(
        "registry", Config(("/bin/registry",), ("serve", "/etc/distribution/config.yml")), poses=("wget",)
    ),
    # Its publisher's image has a folder for data, too, that root alone may write to.
    "docker.io/pgsty/silo": Real(
        "minio", Config(("/usr/bin/silo",), folder="/data"), "what was mended since MinIO was archived", poses=("curl",)
    ),
    "docker.io/coredns/coredns": Real("coredns", Config(("/coredns",))),
    "quay.io/prometheus/prometheus": _prometheus(
        "prometheus",
        "--config.file=/etc/prometheus/prometheus.yml",
        "--storage.tsdb.path=/prometheus",
        folder="/prometheus",
    ),
    "quay.io/prometheus/alertmanager": _prometheus(
        "alertmanager",
        "--config.file=/etc/alertmanager/alertmanager.yml",
        "--storage.path=/alertmanager",
        folder="/alertmanager",
    ),
    "quay.io/prometheus/node-exporter": _prometheus("node_exporter"),
    "quay.io/prometheus/blackbox-exporter": _prometheus(
        "blackbox_exporter", "--config.file=/etc/blackbox_exporter/config.yml", user=""
    ),
    "quay.io/prometheuscommunity/postgres-exporter": _prometheus("postgres_exporter"),
    "docker.io/supabase/postgres": Real("postgres", database.CONFIG, "Supabase's extensions"),
    "docker.io/grafana/loki": Real(
        "loki", Config(("/usr/bin/loki",), ("-config.file=/etc/loki/local-config.yaml",), "10001")
    ),
    "registry.k8s.io/kube-state-metrics/kube-state-metrics": Real(
        "kube-state-metrics", Config(("/kube-state-metrics",), ("--port=8080", "--telemetry-port=8081"), _NOBODY)
    ),
    "docker.io/grafana/promtail": Real(
        "promtail",
        Config(("/usr/bin/promtail",), ("-config.file=/etc/promtail/config.yml",)),
        "the journal",
        poses=("bash",),
    ),
}
"""By the image's name without tag."""

_DATABASE: Final = ("bash", "curl", "imgproxy", "node", "postgrest", "sh", "wget")


def _supabase(name: str, *ports: int, paths: Sequence[str] = (), unseen: str, calls: bool = False) -> StandIn:
    """A part of Supabase: its shell, and what asks for its health, are played as well."""
    return StandIn(name, ports, paths, unseen, poses=_DATABASE, calls=calls)


STAND_INS: Final[Mapping[str, StandIn]] = {
    "docker.io/grafana/grafana": StandIn(
        "grafana", (3000,), ("/api/health",), "no dashboard was shown and no data source was asked"
    ),
    "docker.io/grafana/tempo": StandIn(
        "tempo", (3200, 4317, 4318), ("/ready", "/status/version", "/v1/traces"), "no trace was kept or found"
    ),
    "docker.io/grafana/alloy": StandIn(
        "alloy",
        (12345,),
        ("/-/ready", "/-/healthy"),
        "no log line was read on a node or Docker host",
        poses=("bash",),
    ),
    "ghcr.io/google/cadvisor": StandIn(
        "cadvisor",
        (8080,),
        ("/healthz",),
        "nothing was measured of single containers on Docker hosts",
        poses=("wget",),
    ),
    "docker.io/prompve/prometheus-pve-exporter": StandIn(
        "the Proxmox VE exporter",
        (9221,),
        ("/", "/pve"),
        "nothing was measured of the hypervisor",
        'pve_up{id="node/pve1"} 1\npve_disk_size_bytes{id="node/pve1"} 2\npve_disk_usage_bytes{id="node/pve1"} 1\n',
    ),
    "docker.io/supabase/gotrue": _supabase(
        "auth", 9999, paths=["/health", "/.well-known/jwks.json"], unseen="nobody logged in to the database"
    ),
    "docker.io/postgrest/postgrest": _supabase(
        "postgrest", 3000, unseen="no table was read; functions were called by psql", calls=True
    ),
    "docker.io/supabase/realtime": _supabase("realtime", 4000, unseen="no change of a row was told"),
    "docker.io/supabase/storage-api": _supabase("storage", 5000, paths=["/status"], unseen="no object was kept"),
    "docker.io/darthsim/imgproxy": _supabase("imgproxy", 5001, unseen="no picture was scaled"),
    "docker.io/supabase/postgres-meta": _supabase("postgres-meta", 8080, unseen="Studio asked nothing"),
    "docker.io/supabase/edge-runtime": _supabase("edge-runtime", 9000, unseen="no edge function was run"),
    "docker.io/supabase/studio": _supabase("studio", 3000, unseen="no page of Studio was shown"),
    "docker.io/supabase/supavisor": _supabase("pooler", 6543, 4000, unseen="no connection was shared"),
    "docker.io/coollabsio/coolify": StandIn(
        "Coolify",
        (8080,),
        ("/api/health",),
        "no page of Coolify was shown and no webhook was taken; its API is a stand-in beside it",
        poses=("curl", "sh"),
    ),
    "docker.io/coollabsio/coolify-realtime": StandIn(
        "Coolify's realtime", (6001, 6002), ("/ready",), "Coolify's pages heard of no change", poses=("sh", "wget")
    ),
    "docker.io/library/postgres": StandIn(
        "Coolify's PostgreSQL", (5432,), (), "Coolify kept nothing", poses=("pg_isready", "sh")
    ),
    "docker.io/valkey/valkey": StandIn(
        "Coolify's Valkey", (6379,), (), "Coolify queued no job", poses=("sh", "valkey-cli")
    ),
    "ghcr.io/kube-vip/kube-vip": StandIn("kube-vip", (2113,), (), "no virtual address was held or moved"),
}
"""By the image's name without tag."""

SERVICE: Final = Config((PROGRAM, "service"), user="10001:10001", env=("PORT=3000",))
"""The services' example."""
HOLDER: Final = Config((PROGRAM, "pause"), user="65535:65535")
"""What holds a pod."""
GUARD: Final = Config(
    ("python", "-m", "release.guard"),
    user="10001:10001",
    folder="/app",
    env=("PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=1"),
)
"""As the repository's Dockerfile has it."""


BACKUP: Final = Config(
    ("python", "-m", "backup"),
    user="10001:0",
    folder="/app",
    env=("PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=1"),
)
"""As the repository's backup.Dockerfile has it."""


def is_backup(reference: str) -> bool:
    """Whether it is the image of backups, whose repository is called `backup`."""
    return "@" in reference and repository(reference).endswith("/backup")


def is_guard(reference: str) -> bool:
    """Whether it is the release tool's image, whose repository is called `release`."""
    return "@" in reference and repository(reference).endswith("/release")


def is_service(reference: str) -> bool:
    """Whether it is a service's: those are named by digest, and nobody else's are."""
    ours = is_guard(reference) or is_backup(reference)
    return "@" in reference and not ours and repository(reference) not in REAL | STAND_INS


def is_holder(reference: str) -> bool:
    """Whether it is what holds a pod."""
    return repository(reference) == repository(PAUSE)
