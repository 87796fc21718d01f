"""Who may talk to whom in a stack, for people (SEC-6)."""

from itertools import zip_longest
from textwrap import wrap

from components.flows import Networks, Peer, flows
from settings import Settings

_HEAD = ("from", "to", "port", "why")
_WIDTH = 50
"""Characters of a cell; a longer one goes on in the next line."""


def table(settings: Settings) -> list[str]:
    """Lines for people; a flow by UDP and TCP is one line."""
    protocols: dict[tuple[str, str, int, str], list[str]] = {}
    for flow in flows(settings):
        row = (_named(flow.source), _named(flow.target), flow.port, flow.why)
        protocols.setdefault(row, []).append(flow.protocol)
    cells = [_HEAD] + [
        (source, target, f"{port}/{'+'.join(sorted(set(found)))}", why)
        for (source, target, port, why), found in protocols.items()
    ]
    lines = [line for row in cells for line in zip_longest(*(wrap(cell, _WIDTH) for cell in row), fillvalue="")]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def _named(peer: Peer) -> str:
    if isinstance(peer, Networks):
        excluded = f" but {', '.join(peer.excluded)}" if peer.excluded else ""
        return ", ".join(cidr.removesuffix("/32") for cidr in peer.cidrs) + excluded
    return f"{peer.namespace}/{peer.name or '*'}"
