"""The SSH key of a guest, which its hypervisor reads inside it: nobody in between can give another one (SEC-1).

The hypervisor's own key is in the settings. So no private key is in user-data, which is readable on the hypervisor, and
a guest that is there already needs nothing.
"""

from typing import Final, Literal

import pulumi
import pulumi_command as command

from components.login import Login, Made

Kind = Literal["vm", "lxc"]
"""What a guest is."""

KEY_FILE: Final = "/etc/ssh/ssh_host_ed25519_key.pub"
_LONGEST_SECONDS: Final = 300
"""How long a guest has until its key is there; its agent answers by then."""
_FOLDERS: Final = {"vm": "qemu-server", "lxc": "lxc"}
_READ: Final = {"vm": "qm guest exec", "lxc": "pct exec"}

_SCRIPT: Final = """\
node=$(ls -d /etc/pve/nodes/*/FOLDER/ID.conf) || exit 1
node=${node#/etc/pve/nodes/}
node=${node%%/*}
read_key() {
  # A guest may have been moved; nodes of a cluster know and trust each other.
  if [ "$node" = "$(hostname)" ]; then READ; else ssh -o BatchMode=yes "root@$node" READ; fi
}
end=$(($(date +%s) + SECONDS))
# What a VM's agent gives is a text in JSON.
until read_key 2>/dev/null | grep -o -m 1 'ssh-ed25519 [A-Za-z0-9+/=]*'; do
  if [ "$(date +%s)" -ge "$end" ]; then
    echo "guest ID on $node does not tell its key within SECONDS s; 'READ' there says why" >&2
    exit 1
  fi
  sleep 5
done
"""


def script(kind: Kind, guest: int) -> str:
    """Shell script for root on any node of the cluster, which prints the public key of the guest with a number."""
    told = {
        "READ": f"{_READ[kind]} {guest} -- cat {KEY_FILE}",
        "FOLDER": _FOLDERS[kind],
        "ID": str(guest),
        "SECONDS": str(_LONGEST_SECONDS),
    }
    text = _SCRIPT
    for word, meant in told.items():
        text = text.replace(word, meant)
    return text


def host_key(
    name: str, kind: Kind, guest: int, hypervisor: Login, made: Made, opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """Public key of a guest.

    Args:
        name: Name in the program.
        kind: What the guest is.
        guest: Its number in the cluster.
        hypervisor: How a node of the cluster is reached.
        made: The guest; one that is made anew has another key.
        opts: Parent.
    """
    told = command.remote.Command(
        f"{name}-host-key",
        connection=hypervisor.connection,
        create=hypervisor.as_root(script(kind, guest)),
        triggers=[made.identity],
        opts=made.with_it(opts),
    )
    # Public, though it came over a connection with a secret.
    return pulumi.Output.unsecret(told.stdout).apply(str.strip)
