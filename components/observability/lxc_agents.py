"""What observes an LXC: a node exporter and a log agent of its own, and updates that install themselves (MON-2, LOG-1).

An LXC runs no Docker and has no cloud-init: a step over SSH installs them, and follows the settings.
"""

import posixpath
import shlex
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_command as command

from components.cloud_init import TEXTFILES, UPDATES, CloudFile
from components.login import Login, Made
from components.observability import log_agent
from components.scripts import writing
from settings.observability import Observability
from versions import ALLOY

_RELEASES: Final = "https://github.com/grafana/alloy/releases/download"
_LOCAL_PORT: Final = 12345
"""TCP port of the log agent on loopback, which nobody else asks: that it does not send is told by HostLogsMissing."""
_UNITS: Final = "/etc/systemd/system"

_INSTALL: Final = """\
export DEBIAN_FRONTEND=noninteractive
password=$(cat)
apt-get update -q
apt-get install -q -y --no-install-recommends $PACKAGES
if [ "$(dpkg-query -W -f '${Version}' alloy 2>/dev/null)" != "$VERSION-1" ]; then
  work=$(mktemp -d)
  trap 'rm -r "$work"' EXIT
  deb=alloy-$VERSION-1.amd64.deb
  for name in "$deb" SHA256SUMS; do
    curl -fsSL --retry 5 -o "$work/$name" "$RELEASES/v$VERSION/$name"
  done
  (cd "$work" && grep -F "  $deb" SHA256SUMS | sha256sum --check --strict --quiet)
  apt-get install -q -y "$work/$deb"
fi
mkdir -p "$TEXTFILES" /var/log/journal
files
printf '%s' "$password" | install -o root -g alloy -m 0440 /dev/stdin "$PASSWORD_FILE"
# The agent reads the journal where it is kept.
systemd-tmpfiles --create --prefix /var/log/journal
journalctl --flush
systemctl daemon-reload
systemctl enable --quiet alloy prometheus-node-exporter tell-reboot.timer
systemctl restart alloy prometheus-node-exporter tell-reboot.timer
curl -fsS --retry 10 --retry-connrefused --retry-delay 1 -o /dev/null "http://$ENDPOINT/metrics"
if ! systemctl is-active --quiet alloy; then
  echo "the log agent of $(hostname) does not run; journalctl -u alloy says why" >&2
  exit 1
fi
"""


@dataclass(frozen=True)
class LxcAgentsArgs:
    """Inputs of the LxcAgents."""

    observability: Observability
    """Settings of what observes."""
    login: Login
    """How the container is reached; metrics are served on its address."""
    log_agent_password: pulumi.Input[str]
    """Password with which lines are sent through the gateways; secret."""
    pipeline: str
    """The log agent's document."""
    authority: pulumi.Input[str] | None
    """Certificate of the private CA, in PEM; None where public authorities sign."""
    made: Made
    """The container; one that is made anew is set up anew."""
    settled: pulumi.Resource
    """What is there when it answers, behind its firewall."""


class LxcAgents(pulumi.ComponentResource):
    """The step that installs them."""

    def __init__(self, name: str, args: LxcAgentsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("luxima:observability:LxcAgents", name, None, opts)
        endpoint = f"{args.login.address}:{args.observability.node_exporter_port}"
        authority = pulumi.Output.from_input(args.authority)
        command.remote.Command(
            f"{name}-agents",
            connection=args.login.connection,
            create=authority.apply(lambda pem: args.login.as_root(script(endpoint, args.pipeline, pem))),
            # No command line and no plan shows it.
            stdin=args.log_agent_password,
            logging=command.remote.Logging.NONE,
            add_previous_output_in_env=False,
            triggers=[args.made.identity],
            opts=args.made.with_it(pulumi.ResourceOptions(parent=self, depends_on=[args.settled])),
        )
        self.register_outputs({"endpoint": endpoint})


def files(endpoint: str, pipeline: str, authority: str | None) -> list[CloudFile]:
    """What lies in the container; nothing of it is secret.

    Args:
        endpoint: `address:port` of the node exporter's metrics.
        pipeline: The log agent's document.
        authority: Certificate of the private CA, if there is one.
    """
    exporter = [
        f"--web.listen-address={endpoint}",
        f"--collector.textfile.directory={TEXTFILES}",
        "--collector.systemd",
        "--collector.systemd.unit-include=.+[.](service|timer)",
        "--collector.filesystem.mount-points-exclude=^/(dev|proc|run|sys)($$|/)",
    ]
    agent = [
        "run",
        "--config.format=promtail",
        f"--server.http.listen-addr=127.0.0.1:{_LOCAL_PORT}",
        "--storage.path=/var/lib/alloy/data",
        "--disable-reporting",
        f"{log_agent.FOLDER}/promtail.yaml",
    ]
    return [
        *UPDATES.files,
        CloudFile(f"{log_agent.FOLDER}/promtail.yaml", pipeline),
        *([] if authority is None else [CloudFile(log_agent.AUTHORITY, authority)]),
        CloudFile(
            f"{_UNITS}/prometheus-node-exporter.service.d/platform.conf",
            _run_as("/usr/bin/prometheus-node-exporter", exporter, 64),
        ),
        CloudFile(f"{_UNITS}/alloy.service.d/platform.conf", _run_as("/usr/bin/alloy", agent, 192)),
    ]


def _run_as(program: str, arguments: list[str], memory_mib: int) -> str:
    """The part of a unit that has the package's program run with our arguments, and leave others their memory."""
    return f"[Service]\nExecStart=\nExecStart={' '.join([program, *arguments])}\nMemoryMax={memory_mib}M\n"


def script(endpoint: str, pipeline: str, authority: str | None) -> str:
    """Script for root in the container, which takes the log agent's password from standard input."""
    given = {
        "ROOT": "",
        "ENDPOINT": endpoint,
        "PACKAGES": " ".join(sorted({"ca-certificates", "curl", "prometheus-node-exporter", *UPDATES.packages})),
        "PASSWORD_FILE": posixpath.join(log_agent.FOLDER, log_agent.PASSWORD_FILE),
        "RELEASES": _RELEASES,
        "TEXTFILES": TEXTFILES,
        "VERSION": ALLOY.version.removeprefix("v"),
    }
    assigned = "".join(f"{key}={shlex.quote(value)}\n" for key, value in given.items())
    return f"set -eu\n{assigned}{writing(files(endpoint, pipeline, authority))}{_INSTALL}"
