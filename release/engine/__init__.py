"""The Pulumi engine, asked for few resources of the stack and for nothing else."""

from release.engine.stack import Engine
from release.engine.targets import Change, Target

__all__ = ["Change", "Engine", "Target"]
