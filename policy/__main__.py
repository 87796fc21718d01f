"""Serves the policy pack to the engine (`pulumi up --policy-pack policy`); it ends when the engine ends it."""

import gc
import os
import sys
from pathlib import Path

# The engine runs this folder, not the package that it is.
here = Path(__file__).resolve().parent
sys.path[:] = [str(here.parent), *(entry for entry in sys.path if Path(entry or ".").resolve() != here)]

from pulumi_policy import PolicyPack  # noqa: E402 - needs nothing of ours, but is kept beside what follows
from pulumi_policy import policy as sdk  # noqa: E402

from policy.serving import DOCUMENTATION, Servicer, policies  # noqa: E402
from policy.table import RULES  # noqa: E402

# What was declared is kept to the end. By default the collector looks at all of it time and again.
gc.set_threshold(100_000, 50, 1000)
Servicer.rules = RULES
sdk._PolicyAnalyzerServicer = Servicer  # pyright: ignore[reportPrivateUsage] - PolicyPack looks it up here

# What is imported stays: nobody has to look through it for garbage again.
gc.freeze()

PolicyPack(
    "luxima",
    policies(RULES, os.environ.get("PULUMI_STACK", "")),
    description="The floors under every stack of the Luxima platform",
    display_name="Luxima",
    readme=f"Each rule, with its requirement and its level: {DOCUMENTATION}",
)
