"""How the SDK waits for outputs that are not known yet."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from pulumi.runtime import stack


def wait_for_all_at_once() -> None:
    """Have the SDK look at outputs when all that it waits for are known, or one has failed.

    By itself it looks at all of them after each one (pulumi/pulumi#22411). That is quadratic in their number: more than
    half of the time of a preview of this program.
    """
    cast("Any", stack).asyncio = SimpleNamespace(**{**vars(asyncio), "FIRST_COMPLETED": asyncio.FIRST_EXCEPTION})
