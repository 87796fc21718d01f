"""A program that a command has started, kept in the middle of what it does."""

import subprocess
from collections.abc import Callable
from contextlib import suppress

import psutil


def held(process: "subprocess.Popen[str]", at_it: Callable[[psutil.Process], bool]) -> psutil.Process:
    """The one of the command's children that is at it; it stands still.

    All of them get on by little steps until then, so that none begins and ends between two looks.
    """
    while process.poll() is None:
        for child in psutil.Process(process.pid).children(recursive=True):
            # What is soon over may have ended meanwhile.
            with suppress(psutil.Error):
                child.suspend()
                if at_it(child):
                    return child
                child.resume()
    raise AssertionError(f"nothing was seen in the middle of it: {process.communicate()[0]}")
