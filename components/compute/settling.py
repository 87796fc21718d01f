"""One machine at a time: after a change, the next of the same role waits until the last one serves again (INF-8)."""

from collections.abc import Mapping, Sequence
from typing import Final

import pulumi
import pulumi_command as command

from components.login import Login, Made

_LONGEST_SECONDS: Final = 900
"""How long a machine has until it serves; then the update ends before it touches another one."""

_NODE: Final = """\
# On its first start k3s has no join token yet: there is nothing that could serve.
[ -e /etc/rancher/k3s/token ] || exit 0
kubelet="k3s kubectl --kubeconfig /var/lib/rancher/k3s/agent/kubelet.kubeconfig"
node=$(sed -n 's/^node-name: //p' /etc/rancher/k3s/config.yaml)
# What was said of the node before it was started again does not count: each start has another number.
node_is_ready() {
  said=$($kubelet get node "$node" \\
    -o jsonpath='{.status.nodeInfo.bootID} {.status.conditions[?(@.type=="Ready")].status}') || return 1
  [ "$said" = "$(cat /proc/sys/kernel/random/boot_id) True" ]
}
"""
_SERVER: Final = """\
# Its own API server answers only when its member of etcd does, which needs a majority.
serves() { node_is_ready && k3s kubectl get --raw /readyz; }
"""
_AGENT: Final = """\
gateways_are_ready() {
  said=$($kubelet get pods --namespace EDGE --field-selector "spec.nodeName=$node" \\
    -o jsonpath='{.items[*].status.conditions[?(@.type=="Ready")].status}') || return 1
  case "$said" in *False*) return 1 ;; esac
}
serves() { node_is_ready && gateways_are_ready; }
"""
_DOCKER: Final = """\
serves() { docker info && [ -z "$(docker ps --quiet --filter health=starting --filter health=unhealthy)" ]; }
"""
_UNITS: Final = """\
# All units that are started with it were; one that failed is no reason to wait.
serves() { case "$(systemctl is-system-running)" in running | degraded) ;; *) return 1 ;; esac; }
"""
_WAIT: Final = """\
end=$(($(date +%s) + SECONDS))
until serves >/dev/null 2>&1; do
  if [ "$(date +%s)" -ge "$end" ]; then
    echo "$(hostname) does not serve within SECONDS s of its change; the next machine was not touched" >&2
    exit 1
  fi
  sleep 5
done
"""
_SERVES: Final[Mapping[str, str]] = {
    "k3s_server": _NODE + _SERVER,
    "k3s_agent": _NODE + _AGENT,
    "docker_host": _DOCKER,
    "name_server": _UNITS,
    "general": _UNITS,
}
"""What the shell function `serves` does, by the role of a machine."""


def settled_script(role: str, edge_namespace: str) -> str:
    """Shell script for root that ends when a machine of `role` serves again, and with an error when it does not."""
    return _SERVES[role].replace("EDGE", edge_namespace) + _WAIT.replace("SECONDS", str(_LONGEST_SECONDS))


def settled(
    name: str,
    script: str,
    login: Login,
    restarts: Sequence[object],
    made: Made,
    opts: pulumi.ResourceOptions,
) -> pulumi.Resource:
    """What is there when a machine serves again.

    Args:
        name: Name in the program.
        script: What has to end well on the machine.
        login: How it is reached.
        restarts: Values whose change restarts the machine, after which it is asked again.
        made: The machine; one that is made anew is asked again too.
        opts: Parent, and what has to exist first.
    """
    return command.remote.Command(
        name,
        connection=login.connection,
        create=f"sudo sh -s <<'END'\n{script}END" if login.user != "root" else script,
        triggers=[*map(str, restarts), made.identity],
        opts=made.with_it(opts),
    )
