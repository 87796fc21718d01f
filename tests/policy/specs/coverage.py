"""Specs of policy/rules/coverage.py."""

from __future__ import annotations

from policy.rules import kinds
from policy.rules.coverage import UNSEEN

from .. import good
from ..spec import UNKNOWN, Spec, one, wrong

SPECS = (
    Spec(
        "judged-type",
        passes=(one(kinds.DEPLOYMENT, good.DEPLOYMENT), one(kinds.VM, good.VM)),
        fails=(
            *(wrong(one(type_, {}), "") for type_ in UNSEEN),
            # It reads no value, so that one is unknown makes no difference.
            wrong(one("proxmoxve:index/vm:Vm", {"name": UNKNOWN}), ""),
        ),
        unknown=(),
    ),
)
