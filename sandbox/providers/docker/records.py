# ruff: noqa: ARG002 - the protocol's signatures
"""What is said of Docker's objects where there is no engine: ids and digests are made up, the same every time."""

import re

from sandbox.providers.base import Properties
from sandbox.providers.docker import containers, images, networks, volumes
from sandbox.providers.recorded import Recorded, digest

_TAG = re.compile(r":[^:/]+$")


class _Record(Recorded):
    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Record it under an id like Docker's."""
        _, outputs = super().create(name, inputs)
        return digest(type(self).__name__, name, inputs.get("name")), outputs


class Containers(_Record, containers.Containers):
    """`docker.Container`."""


class Networks(_Record, networks.Networks):
    """`docker.Network`."""


class Images(_Record, images.Images):
    """`docker.RemoteImage`."""

    def made_up(self, name: str, inputs: Properties) -> Properties:
        """A digest."""
        image = str(inputs["name"])
        content = f"sha256:{digest(image)}"
        named = image if "@" in image else f"{_TAG.sub('', image)}@{content}"
        return {"imageId": content, "repoDigest": named}


class Volumes(_Record, volumes.Volumes):
    """`docker.Volume`."""

    def made_up(self, name: str, inputs: Properties) -> Properties:
        """Where Docker has it."""
        return {"mountpoint": f"/var/lib/docker/volumes/{inputs['name']}/_data"}
