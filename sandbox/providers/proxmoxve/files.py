"""Files on a datastore: downloads by the node itself, and uploads, which the official plugin sends over SSH."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from sandbox.providers.base import UNKNOWN, Properties, ProviderError, adopting
from sandbox.providers.handlers import Handler, changed
from sandbox.providers.proxmoxve.settings import ApiError
from sandbox.providers.rules import Failures, Rule, anything, driven, matching, needed, not_empty, one_of

if TYPE_CHECKING:
    from sandbox.providers.proxmoxve.client import Client

_KEPT = ("contentType", "datastoreId", "nodeName", "url", "checksum", "checksumAlgorithm", "fileName")
_RULES: dict[str, Rule] = {
    "contentType": one_of("vztmpl", "import"),
    "checksum": anything,
    "checksumAlgorithm": one_of("sha512"),
    "datastoreId": not_empty,
    "fileName": not_empty,
    "nodeName": not_empty,
    "overwrite": anything,
    "url": matching(r"https?://.+", "a URL that begins with http:// or https://"),
}


_UPLOAD_RULES: dict[str, Rule] = {
    "contentType": one_of("snippets"),
    "datastoreId": not_empty,
    "nodeName": not_empty,
    "sourceRaw.data": anything,
    "sourceRaw.fileName": not_empty,
}


class Downloads(Handler):
    """`download.File`: an image or template that the node downloads."""

    def __init__(self, client: Callable[[], "Client"]) -> None:
        self._client = client

    def check(self, inputs: Properties) -> Failures:
        """As the official plugin at preview."""
        found = driven(_RULES, inputs)
        found += needed(inputs, "fileName")
        for name, other in (("checksum", "checksumAlgorithm"), ("checksumAlgorithm", "checksum")):
            if inputs.get(name) and not inputs.get(other):
                found.append((name, f"needs {other} as well"))
        return found

    def replaces(self, old: Properties, new: Properties) -> frozenset[str]:
        """Another source or place is another file."""
        return frozenset(name for name in _KEPT if changed(old, new, name))

    def computed(self, inputs: Properties) -> Properties:  # noqa: ARG002 - the protocol's
        """Outputs that only the server knows."""
        return {"size": UNKNOWN}

    def _find(self, resource_id: str, inputs: Properties) -> dict[str, Any] | None:
        path = f"nodes/{inputs['nodeName']}/storage/{inputs['datastoreId']}/content"
        listed = cast("list[dict[str, Any]] | None", self._client().find(path, content=inputs["contentType"]))
        return next((item for item in listed or [] if item["volid"] == resource_id), None)

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:  # noqa: ARG002 - the protocol's
        """Let the node download the file."""
        resource_id = f"{inputs['datastoreId']}:{inputs['contentType']}/{inputs['fileName']}"
        if self._find(resource_id, inputs) is not None:
            if not adopting():
                raise ProviderError(
                    f"file {resource_id} exists already on node {inputs['nodeName']}; "
                    "remove it, or give another fileName"
                )
            self.delete(resource_id, inputs)
        given = {
            "checksum": inputs.get("checksum"),
            "checksum-algorithm": inputs.get("checksumAlgorithm"),
            "verify-certificates": 1,
        }
        path = f"nodes/{inputs['nodeName']}/storage/{inputs['datastoreId']}/download-url"
        self._client().post(
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

    def read(
        self,
        resource_id: str,
        inputs: Properties,
        outputs: Properties,  # noqa: ARG002 - the protocol's
    ) -> tuple[Properties, Properties] | None:
        """The file, if it is still there."""
        if not inputs:
            raise ProviderError(f"file {resource_id} cannot be imported; declare it and let it be downloaded")
        return (inputs, self._outputs(resource_id, inputs)) if self._find(resource_id, inputs) else None

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:  # noqa: ARG002 - the protocol's
        """Only how to treat the file can change, not the file."""
        return self._outputs(resource_id, new)

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Remove the file."""
        path = f"nodes/{outputs['nodeName']}/storage/{outputs['datastoreId']}/content/{resource_id}"
        try:
            self._client().delete(path, f"file {resource_id}")
        except ApiError as error:
            if not error.missing:
                raise


class Uploads(Handler):
    """`FileLegacy`: recorded, since the official plugin sends snippets over SSH to a node; its id is the file's own."""

    def check(self, inputs: Properties) -> Failures:
        """A snippet with its content."""
        return driven(_UPLOAD_RULES, inputs) + needed(inputs, "contentType", "sourceRaw", "sourceRaw.fileName")

    def computed(self, inputs: Properties) -> Properties:  # noqa: ARG002 - the protocol's
        """Outputs that only the server knows."""
        return {"fileName": UNKNOWN}

    def create(self, name: str, inputs: Properties) -> tuple[str, Properties]:  # noqa: ARG002 - the protocol's
        """Keep the inputs under the id that a guest's config refers to."""
        file = inputs["sourceRaw"]["fileName"]
        return f"{inputs['datastoreId']}:{inputs['contentType']}/{file}", {"fileName": file, **inputs}

    def read(
        self,
        resource_id: str,  # noqa: ARG002 - the protocol's
        inputs: Properties,
        outputs: Properties,
    ) -> tuple[Properties, Properties] | None:
        """What was kept; nothing can have changed it."""
        return (inputs, outputs) if outputs else None

    def update(self, resource_id: str, old: Properties, new: Properties) -> Properties:  # noqa: ARG002 - the protocol's
        """Keep the new inputs."""
        return self.create("", new)[1]

    def delete(self, resource_id: str, outputs: Properties) -> None:
        """Nothing was made."""
