"""What a flow is: somebody who connects, somebody who is connected to, and why (SEC-6)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

NAME_LABEL: Final = "app.kubernetes.io/name"
"""Label that tells one program's pods from another's."""


@dataclass(frozen=True)
class Pods:
    """Pods of the cluster: those of a namespace, or of one program in it."""

    namespace: str
    """Their namespace."""
    name: str | None = None
    """Value of `label`; None for every pod of the namespace."""
    label: str = NAME_LABEL
    """Label that they are known by."""


@dataclass(frozen=True)
class Networks:
    """Machines, known by their addresses."""

    cidrs: tuple[str, ...]
    """Networks, in CIDR notation."""
    excluded: tuple[str, ...] = ()
    """Parts of them that are not meant, in CIDR notation."""


ANYWHERE: Final = Networks(("0.0.0.0/0",))
"""Everybody, the cluster's own pods too."""

Peer = Pods | Networks
Protocol = Literal["TCP", "UDP", "ICMP"]


@dataclass(frozen=True)
class Flow:
    """One kind of connection."""

    source: Peer
    """Who connects."""
    target: Peer
    """Who is connected to."""
    port: int
    """Port at the pod or at the machine, where a Service may have another one in front of it; 0 for ICMP."""
    why: str
    """What for."""
    protocol: Protocol = "TCP"
    """TCP or UDP; between machines ICMP as well, which is a ping."""


class Flows:
    """All flows of a stack, found by who takes part in them."""

    def __init__(self, flows: Iterable[Flow]) -> None:
        self._all = tuple(flows)
        self._from: Mapping[Peer, list[Flow]] = defaultdict(list)
        self._to: Mapping[Peer, list[Flow]] = defaultdict(list)
        for flow in self._all:
            self._from[flow.source].append(flow)
            self._to[flow.target].append(flow)

    def __iter__(self) -> Iterator[Flow]:
        return iter(self._all)

    def out_of(self, peer: Peer) -> Sequence[Flow]:
        """Flows that begin at exactly these."""
        return self._from.get(peer, ())

    def into(self, peer: Peer) -> Sequence[Flow]:
        """Flows that end at exactly these."""
        return self._to.get(peer, ())
