"""What a secret is: its row in the table says who needs it, where it comes from and how it is replaced."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from settings.secrets import forms
from settings.values import Form

Reader = Literal[
    "proxmox",
    "guests",
    "cluster",
    "storage",
    "backup",
    "dns",
    "edge",
    "cert-manager",
    "guard",
    "alertmanager",
    "alertmanager-record",
    "prometheus",
    "log-agent",
    "postgres-exporter",
    "pve-exporter",
    "release",
    "coolify",
    "people",
]
"""Who is told a secret: a system that the program drives, a program that it runs, the release tool, or people."""


@dataclass(frozen=True)
class Only:
    """A secret that is needed with some values of a setting only."""

    path: tuple[str, ...]
    """The setting."""
    values: tuple[str, ...]
    others: frozenset[str]
    """Its other values, with which the secret may not be set."""

    def __str__(self) -> str:
        return f"luxima:{'.'.join(self.path)} {' or '.join(self.values)}"

    def found(self, areas: Mapping[str, object]) -> object:
        """What the setting is; None when it is not there."""
        return functools.reduce(_inside, self.path, areas)


def _inside(table: object, key: str) -> object:
    return cast("dict[str, object]", table).get(key) if isinstance(table, dict) else None


@dataclass(frozen=True)
class Secret:
    """One secret of the configuration."""

    key: str
    """Its name under `luxima:`."""
    purpose: str
    """What it is, for the error that says that it is missing."""
    form: Form
    readers: tuple[Reader, ...]
    """Who is told it; nobody else is."""
    origin: str
    """Where a person gets it."""
    rotation: str
    """What a person does to replace it, and what happens meanwhile."""
    only: Only | None = None
    """When it is needed; always when None."""

    def needed(self, areas: Mapping[str, object]) -> bool:
        """Whether settings need it; a setting that is none of its values needs nothing."""
        return self.only is None or self.only.found(areas) in self.only.values

    def command(self, stack: str) -> str:
        """The command that sets the secret; it asks for the value, or reads a file, so that no history has it."""
        file = " < FILE" if self.form in forms.OF_LINES else ""
        return f"pulumi config set --secret luxima:{self.key} --stack {stack}{file}"
