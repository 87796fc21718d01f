"""Typed, checked settings of a stack. `load` is the way in; it reports all mistakes at once."""

from settings.loading import load, stacks
from settings.report import Problem, SettingsError
from settings.stack import Settings

__all__ = ["Problem", "Settings", "SettingsError", "load", "stacks"]
