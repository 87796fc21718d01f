# ruff: noqa: ARG002 - hooks take what the protocol gives them, needed or not
"""Files on a datastore: downloads by the node itself, and uploads, which the official plugin sends over SSH."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, cast
from urllib.parse import quote

from sandbox.providers.base import UNKNOWN, Properties, ProviderError, sandbox_dir
from sandbox.providers.handlers import Handler
from sandbox.providers.proxmoxve.on_api import OnApi
from sandbox.providers.rules import Failures, Rule, anything, matching, not_empty, one_of


def _exists(resource_id: str, inputs: Properties) -> ProviderError:
    return ProviderError(
        f"file {resource_id} already exists on node {inputs['nodeName']}; remove it, or give another file name"
    )


class Downloads(OnApi):
    """`download.File`: an image or template that the node downloads."""

    identity = "{datastoreId}:{contentType}/{fileName}"
    rules: ClassVar[Mapping[str, Rule]] = {
        "contentType": one_of("vztmpl", "import"),
        "checksum": anything,
        "checksumAlgorithm": one_of("sha512"),
        "datastoreId": not_empty,
        "fileName": not_empty,
        "nodeName": not_empty,
        "overwrite": Rule("false", lambda value: "is done by the official plugin only" if value else None),
        "url": matching(r"https?://.+", "a URL that begins with http:// or https://"),
    }
    needed = ("fileName", "overwrite")
    replacing = ("checksum", "checksumAlgorithm", "contentType", "datastoreId", "fileName", "nodeName", "url")

    def check(self, inputs: Properties) -> Failures:
        """As the official plugin at preview."""
        found = super().check(inputs)
        for name, other in (("checksum", "checksumAlgorithm"), ("checksumAlgorithm", "checksum")):
            if inputs.get(name) and not inputs.get(other):
                found.append((name, f"needs {other} as well"))
        return found

    def computed(self, inputs: Properties) -> Properties:
        """Outputs that only the server knows."""
        return {"size": UNKNOWN}

    def _find(self, resource_id: str, inputs: Properties) -> dict[str, Any] | None:
        path = f"nodes/{inputs['nodeName']}/storage/{inputs['datastoreId']}/content"
        listed = cast("list[dict[str, Any]] | None", self.api.find(path, content=inputs["contentType"]))
        return next((item for item in listed or [] if item["volid"] == resource_id), None)

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Let the node download the file; one that is there already is left alone."""
        resource_id = self.id(inputs)
        if self._find(resource_id, inputs) is not None:
            raise _exists(resource_id, inputs)
        given = {
            "checksum": inputs.get("checksum"),
            "checksum-algorithm": inputs.get("checksumAlgorithm"),
            "verify-certificates": 1,
        }
        path = f"nodes/{inputs['nodeName']}/storage/{inputs['datastoreId']}/download-url"
        self.api.post(
            path,
            f"file {resource_id} on node {inputs['nodeName']}",
            content=inputs["contentType"],
            filename=inputs["fileName"],
            url=inputs["url"],
            **{key: value for key, value in given.items() if value is not None},
        )
        return resource_id, self._outputs(resource_id, inputs)

    def _outputs(self, resource_id: str, inputs: Properties) -> Properties:
        found = self._find(resource_id, inputs)
        if found is None:
            raise ProviderError(f"file {resource_id}: the Proxmox API took the download, but does not list the file")
        return {"size": int(found["size"]), **inputs}

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """The file, if it is still there."""
        if not inputs:
            raise ProviderError(f"file {resource_id} cannot be imported; declare it and let it be downloaded")
        return (inputs, self._outputs(resource_id, inputs)) if self._find(resource_id, inputs) else None

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Remove the file."""
        path = f"nodes/{outputs['nodeName']}/storage/{outputs['datastoreId']}/content/{resource_id}"
        self.api.delete(path, f"file {resource_id}")


class Uploads(Handler):
    """`FileLegacy`: recorded, since the official plugin sends snippets over SSH to a node.

    Of each file there is an empty one in the stack's folder, so that a name is taken as it is on a node.
    """

    identity = "{datastoreId}:{contentType}/{sourceRaw[fileName]}"
    rules: ClassVar[Mapping[str, Rule]] = {
        "contentType": one_of("snippets"),
        "datastoreId": not_empty,
        "nodeName": not_empty,
        "sourceRaw.data": anything,
        "sourceRaw.fileName": not_empty,
    }
    needed = ("contentType", "sourceRaw", "sourceRaw.fileName")
    replacing = ("contentType", "datastoreId", "nodeName", "sourceRaw.data", "sourceRaw.fileName")

    def computed(self, inputs: Properties) -> Properties:
        """Outputs that only the server knows."""
        return {"fileName": UNKNOWN}

    def _outputs(self, inputs: Properties) -> Properties:
        return {"fileName": inputs["sourceRaw"]["fileName"], **inputs}

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:
        """Keep the inputs under the id that a guest's config refers to.

        The official plugin overwrites a file that is there, and a replacement that is made first is then deleted with
        the old one, whose name it has: here the second of a name is refused.
        """
        resource_id = self.id(inputs)
        kept = _kept(resource_id, inputs)
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            kept.touch(mode=0o600, exist_ok=False)
        except FileExistsError:
            raise _exists(resource_id, inputs) from None
        return resource_id, self._outputs(inputs)

    def read(self, resource_id: str, inputs: Properties, outputs: Properties) -> tuple[Properties, Properties] | None:
        """What was kept, if its file is still there."""
        return (inputs, self._outputs(inputs)) if inputs and _kept(resource_id, inputs).exists() else None

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Remove the file."""
        _kept(resource_id, outputs).unlink(missing_ok=True)


def _kept(resource_id: str, inputs: Properties) -> Path:
    return sandbox_dir() / "uploads" / str(inputs["nodeName"]) / quote(resource_id, safe="")
