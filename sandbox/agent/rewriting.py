"""Texts made for a container, brought to this machine: folders, addresses of Services, and rules of the image table."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sandbox.agent.table import Program

_SERVICE = re.compile(
    r"(?<![\w.-])([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)\.([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)\.svc(?:\.cluster\.local)?:(\d+)"
)
_PLACE = re.compile(r"\{(address|port|port:[a-z0-9-]+|folder|image|pod|namespace)\}")


@dataclass(frozen=True)
class Rewriter:
    """Rewrites for one pod."""

    folders: Mapping[str, str]
    """Folder on this machine by the path at which a container sees it."""
    service: Callable[[str, str, int], str | None]
    """Where the agent serves a port of a Service, by namespace, name and port; None for one that it does not serve."""
    rules: Sequence[tuple[str, str]] = ()
    """The image table's rules, placeholders filled in."""

    def __call__(self, text: str) -> str:
        """The text as the process on this machine needs it."""
        text = _SERVICE.sub(self._address, text)
        if self.folders:
            longest_first = sorted(self.folders, key=len, reverse=True)
            paths = "|".join(re.escape(path) for path in longest_first)
            # A path ends where its name does; what precedes it is not part of a longer path or of a URL.
            pattern = rf"(?<![\w./-])({paths})(?=/|[^\w.-]|\.?$|\.\s)"
            text = re.sub(pattern, lambda match: self.folders[match.group(1)], text, flags=re.MULTILINE)
        for pattern, replacement in self.rules:
            text = re.sub(pattern, replacement, text)
        return text

    def _address(self, match: re.Match[str]) -> str:
        return self.service(match.group(2), match.group(1), int(match.group(3))) or match.group()


def fill(text: str, values: Mapping[str, str]) -> str:
    """Fill in placeholders; one that has no value stays."""
    return _PLACE.sub(lambda match: values.get(match.group(1), match.group()), text)


def rules(programs: Sequence[Program], values: Mapping[str, str]) -> list[tuple[str, str]]:
    """The rules of a pod's programs, placeholders filled in."""
    return [(pattern, fill(text, values)) for program in programs for pattern, text in program.rewrites]
