"""One spec per rule, in a file per subject as in policy/rules."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from ..spec import Spec

SPECS: tuple[Spec, ...] = tuple(
    spec for found in iter_modules(__path__) for spec in import_module(f"{__name__}.{found.name}").SPECS
)
