"""The one way to wait: for something to be so, never for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 1.0


def wait_for(condition: Callable[[], T], what: str, seconds: float = 180) -> T:
    """Ask until the answer is true, and give it; who cannot be asked, or answers with an error, is asked again.

    Args:
        condition: The question.
        what: What is waited for, for the error.
        seconds: How long at most: a multiple of what it takes on an idle machine, as others may have most of this one.
    """
    deadline = time.monotonic() + seconds
    while True:
        asked = time.monotonic()
        fault: Exception | None = None
        try:
            if found := condition():
                return found
        except (AssertionError, OSError, ValueError) as caught:
            fault = caught
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen in {seconds} s{f': {fault}' if fault else ''}") from fault
        # What takes long to answer keeps those busy who are waited for.
        time.sleep(min(max(_PAUSE_SECONDS, 3 * (time.monotonic() - asked)), _LONGEST_PAUSE_SECONDS))
