# ruff: noqa: ARG002 - a hook's defaults do not need what it is given
"""Images: the sandbox has loaded them into the engine; one that it has not is one that no registry has."""

from sandbox.providers.base import Properties, ProviderError
from sandbox.providers.docker.engine import Engine
from sandbox.providers.handlers import Handler


def require(engine: Engine, name: str) -> Properties:
    """What the engine knows of an image.

    Raises:
        ProviderError: When it has none of that name.
    """
    found = engine.inspect("image", name)
    if found is None:
        raise ProviderError(f"unable to pull image {name}: manifest unknown: not found: {name}")
    return found


class Images(Handler):
    """`docker.RemoteImage`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """See that it is there."""
        image = require(self._engine, inputs["name"])
        return image["Id"] + inputs["name"], _outputs(inputs, image)

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """What is behind the name now."""
        name = outputs.get("name") or resource_id.partition("sha256:")[2][64:]
        image = self._engine.inspect("image", name)
        return None if image is None else (inputs or {"name": name}, _outputs(inputs or {"name": name}, image))

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Only how it will be deleted can change."""
        return _outputs(new, require(self._engine, new["name"]))

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Remove it, unless it is to be kept."""
        name = outputs["name"]
        if outputs.get("keepLocally") or self._engine.inspect("image", name) is None:
            return
        with self._engine.telling(f"image {name}") as api:
            api.remove_image(name, force=bool(outputs.get("forceRemove")))


def _outputs(inputs: Properties, image: Properties) -> Properties:
    return {**inputs, "imageId": image["Id"], "repoDigest": next(iter(image["RepoDigests"] or ()), "")}
