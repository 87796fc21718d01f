"""One object storage on several hosts: what changes is changed on one after another (INF-5, INF-8, docs/adr/0031)."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import pulumi
import pulumi_command as command
import pulumi_docker as docker

from components.login import Login
from components.storage.server import Node, Server, ServerArgs
from settings.storage_server import NODE_PORT

NOTHING: Final = "true"
_WHOLE: Final = """\
read -r container
# Each says by this that the others are enough without it; what is still being healed does not count yet.
whole() {
  for node in NODES; do
    said=$(docker exec "$container" curl -s --max-time 10 -D - \
      "https://$node:PORT/minio/health/cluster?maintenance=true") || return 1
    case "$said" in *" 200"*) ;; *) return 1 ;; esac
    case "$said" in *[Hh]ealing*) return 1 ;; esac
  done
}
# A node of a new version starts when a second one has it: MinIO lets none in beside those of another program.
waits_for_another() { docker logs "$container" 2>&1 | grep -q "has incorrect configuration"; }
begun=$(date +%s)
good=0
# One that was started answers before it has reached the drives of the others: it has to stay so for a while.
while [ "$good" -lt HELD ]; do
  if whole 2>/dev/null; then good=$((good + 1)); else good=0; fi
  took=$(($(date +%s) - begun))
  if [ "$good" = 0 ] && [ "$took" -ge PATIENCE ] && waits_for_another; then exit 0; fi
  if [ "$took" -ge SECONDS ]; then
    echo "HOST is changed, and the object storage is not whole after SECONDS s; no other node was touched" >&2
    exit 1
  fi
  sleep 2
done
"""
_LIMITS: Final = {"HELD": 10, "PATIENCE": 60, "SECONDS": 900}
"""Times in a row, and seconds."""


@dataclass(frozen=True)
class Place:
    """A Docker host of several."""

    node: Node
    """What it is called."""
    provider: docker.Provider
    """Its engine."""
    login: Login
    """How it is reached, by a user who may use Docker."""


def whole_script(host: str, nodes: Sequence[Node]) -> str:
    """Script for a Docker host that ends when the loss of any node would be borne, and with an error if that is never.

    It takes the id of the node's container there from standard input.

    Args:
        host: The one that runs it.
        nodes: All of them.
    """
    given = {"NODES": " ".join(node.name for node in nodes), "PORT": NODE_PORT, "HOST": host}
    script = _WHOLE
    for name, value in {**given, **_LIMITS}.items():
        script = script.replace(name, str(value))
    return script


def servers(name: str, args: ServerArgs, places: Sequence[Place]) -> list[Server]:
    """A node on each host. On the first day they are made at once; later, each waits until the one before is back.

    Args:
        name: In the program; with the host's name behind it where there are several.
        args: What all have in common; with the host and address of the one that there is alone.
        places: The hosts, in the order that the drives remember.
    """
    if len(places) == 1:
        return [Server(name, args, pulumi.ResourceOptions(providers={"docker": places[0].provider}))]
    nodes = [place.node for place in places]
    made, after = list[Server](), list[pulumi.Resource]()
    for place in places:
        own = replace(args, host=place.node.host, address=place.node.address, nodes=nodes, after=after)
        of = f"{name}-{place.node.host}"
        made.append(Server(of, own, pulumi.ResourceOptions(providers={"docker": place.provider})))
        container = made[-1].container
        whole = command.remote.Command(
            f"{of}-whole",
            connection=place.login.connection,
            create=NOTHING,
            update=f"sh -c {shlex.quote(whole_script(place.node.host, nodes))}",
            # Another container has another id, so its replacement is what the step is run for.
            stdin=container.id.apply(lambda found: f"{found}\n"),
            logging=command.remote.Logging.NONE,
            add_previous_output_in_env=False,
            opts=pulumi.ResourceOptions(parent=made[-1], depends_on=[container]),
        )
        after = [whole]
    return made
