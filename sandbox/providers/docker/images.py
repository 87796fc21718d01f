# ruff: noqa: ARG002 - a hook's defaults do not need what it is given
"""Images: the sandbox has loaded them into the engine; one that it has not is one that no registry has."""

from collections.abc import Mapping
from typing import ClassVar

from sandbox.images.model import tag
from sandbox.providers.base import UNKNOWN, Properties, ProviderError
from sandbox.providers.docker.engine import Engine
from sandbox.providers.handlers import OnServer
from sandbox.providers.rules import Rule, not_empty


def known(engine: Engine, name: str) -> Properties | None:
    """What the engine knows of an image; no archive can be loaded under a digest, so the sandbox loads it by a tag."""
    return engine.inspect("image", name) or engine.inspect("image", tag(name))


def require(engine: Engine, name: str) -> Properties:
    """What the engine knows of an image.

    Raises:
        ProviderError: When it has none of that name.
    """
    found = known(engine, name)
    if found is None:
        raise ProviderError(f"unable to pull image {name}: manifest unknown: not found: {name}")
    return found


class Images(OnServer[Engine]):
    """`docker.RemoteImage`."""

    rules: ClassVar[Mapping[str, Rule]] = {
        "keepLocally": Rule("true", lambda value: None if value else "removes the image, which the sandbox had loaded"),
        "name": not_empty,
    }
    needed = ("keepLocally",)
    replacing = ("name",)

    def computed(self, inputs: Properties) -> Properties:
        """What the engine knows once it has the image."""
        return {"imageId": UNKNOWN, "repoDigest": UNKNOWN}

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """See that it is there."""
        image = require(self.api, inputs["name"])
        return image["Id"] + inputs["name"], _outputs(inputs, image)

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """What is behind the name now."""
        image = known(self.api, inputs["name"])
        return None if image is None else (inputs, _outputs(inputs, image))


def _outputs(inputs: Properties, image: Properties) -> Properties:
    return {**inputs, "imageId": image["Id"], "repoDigest": next(iter(image["RepoDigests"] or ()), "")}
