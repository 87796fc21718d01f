# ruff: noqa: ARG002 - the protocol's signatures
"""What is said of Docker's objects where there is no engine: ids and digests are made up, the same every time."""

import re
from typing import Any

from sandbox.providers.base import Properties
from sandbox.providers.recorded import Recorded, digest

_TAG = re.compile(r":[^:/]+$")


class DockerRecords(Recorded):
    """Records Docker's objects."""

    def computed(self, token: str, name: str, inputs: Properties) -> Properties:
        """Ids and digests in the form in which Docker gives them."""
        image = str(inputs.get("name", ""))
        content = f"sha256:{digest(image)}"
        known: dict[str, dict[str, Any]] = {
            "docker:index/remoteImage:RemoteImage": {
                "imageId": content,
                "repoDigest": image if "@" in image else f"{_TAG.sub('', image)}@{content}",
            },
            "docker:index/volume:Volume": {"mountpoint": f"/var/lib/docker/volumes/{image}/_data"},
        }
        return known.get(token, {})

    def create(self, token: str, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Record it under an id like Docker's."""
        _, outputs = super().create(token, name, inputs)
        return digest(token, name, inputs.get("name")), outputs
