"""One spec per rule, in a file per subject as in policy/rules."""

from __future__ import annotations

from ..spec import Spec
from . import (
    compute,
    containers,
    coverage,
    dns,
    encryption,
    exposure,
    https,
    images,
    loki,
    namespaces,
    retention,
    routes,
    secrets,
    workloads,
)

SPECS: tuple[Spec, ...] = (
    *https.SPECS,
    *encryption.SPECS,
    *retention.SPECS,
    *loki.SPECS,
    *secrets.SPECS,
    *workloads.SPECS,
    *images.SPECS,
    *namespaces.SPECS,
    *containers.SPECS,
    *exposure.SPECS,
    *routes.SPECS,
    *compute.SPECS,
    *dns.SPECS,
    *coverage.SPECS,
)
