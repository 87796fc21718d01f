"""An image, and how its name is read."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.faults import SandboxError

PAUSE: Final = "registry.k8s.io/pause:3.10"
"""The image that containerd holds a pod's namespaces with."""
COREDNS: Final = "docker.io/coredns/coredns:1.14.7"
"""The cluster's name server, which k3s brings along."""


class ImageError(SandboxError):
    """An image that cannot be made, and why."""

    def __init__(self, reference: str, reason: str) -> None:
        super().__init__(f"image {reference} cannot be made: {reason}")


@dataclass(frozen=True)
class Image:
    """One image, ready to be loaded.

    A name by digest cannot be loaded: an archive of ours has another digest. Such an archive is loaded as `tag`, and
    who loads it gives it the name `reference` (`ctr images tag TAG REFERENCE`; a Docker engine refuses that).
    """

    reference: str
    """Its real name, as the manifests have it."""
    program: str
    """What is in it, with the version: `prometheus 3.8.0`, or `stand-in`."""
    real: bool
    """Whether it does what the image of that name does."""
    unseen: str
    """What is therefore not seen in the sandbox; empty for a real one."""
    archive: Path
    """A docker archive, as `docker save` writes it."""

    @property
    def tag(self) -> str:
        """The name that it is loaded under."""
        return tag(self.reference)


def repository(reference: str) -> str:
    """The name without tag and digest."""
    return re.sub(r"(:[^/@:]+)?(@.*)?$", "", reference)


def tag(reference: str) -> str:
    """A name that an archive can be loaded under: the reference, or one that stands for its digest."""
    _, at, digest = reference.partition("@")
    return f"{repository(reference)}:sandbox-{digest.partition(':')[2][:12]}" if at else reference
