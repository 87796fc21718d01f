"""The guard of a release: watches a slot that has just become live, and takes it back when it fails (REL-6)."""

from release.guard.judge import Judge, State, Subject, Verdict
from release.guard.probation import FAILED, HEALTHY, INCONCLUSIVE, INTERRUPTED, TAKEN_BACK, Outcome, Release
from release.guard.query import Queries
from release.guard.switcher import DnsSwitcher, Switcher, SwitchError
from release.guard.watch import Hooks, Watch

__all__ = [
    "FAILED",
    "HEALTHY",
    "INCONCLUSIVE",
    "INTERRUPTED",
    "TAKEN_BACK",
    "DnsSwitcher",
    "Hooks",
    "Judge",
    "Outcome",
    "Queries",
    "Release",
    "State",
    "Subject",
    "SwitchError",
    "Switcher",
    "Verdict",
    "Watch",
]
