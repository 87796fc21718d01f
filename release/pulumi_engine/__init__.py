"""The Pulumi engine, asked for few resources of the stack and for nothing else."""

from release.pulumi_engine.stack import PulumiEngine
from release.pulumi_engine.targets import Change, Target

__all__ = ["Change", "PulumiEngine", "Target"]
