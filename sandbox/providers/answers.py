"""A request of the engine as it is worked on, and the messages that answer it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from google.protobuf import struct_pb2

from sandbox.providers.base import Operation, Properties
from sandbox.providers.changes import Change, text
from sandbox.providers.protocol import provider_pb2, status_pb2
from sandbox.providers.values import Secrets, decode


@dataclass
class Call:
    """One request, with what of it turned out to be secret."""

    request: Any
    token: str
    name: str
    secrets: Secrets = field(default_factory=Secrets)

    def take(self, struct: struct_pb2.Struct) -> Properties:
        """Properties of the request; their secrets are remembered."""
        plain, secrets = decode(struct)
        self.secrets |= secrets
        return plain

    def operation(self, outputs: Properties | None = None) -> Operation:
        """What the driver may ask about the request."""
        return Operation(self.name, getattr(self.request, "timeout", 0.0), outputs or {})


class Status(NamedTuple):
    """What `abort_with_status` takes."""

    code: Any
    details: str
    trailing_metadata: Any


def partly_done(code: Any, reason: str, resource_id: str, outputs: struct_pb2.Struct) -> Status:
    """The object exists, but is not ready."""
    detail = provider_pb2.ErrorResourceInitFailed(id=resource_id, properties=outputs, reasons=[reason])
    status = status_pb2.Status(code=code.value[0], message=reason)
    status.details.add().Pack(detail)
    return Status(code, reason, (("grpc-status-details-bin", status.SerializeToString()),))


def failures(found: Iterable[tuple[str, str]]) -> list[Any]:
    """The path is in the reason: the engine prints the value of a property named by itself, secret or not."""
    return [provider_pb2.CheckFailure(reason=f"{path}: {reason}" if path else reason) for path, reason in found]


def differences(found: list[Change], stale: frozenset[str], delete_first: bool) -> Any:
    """What changed, and what of it replaces the object."""
    kinds = provider_pb2.PropertyDiff
    names = {
        ("add", False): kinds.ADD,
        ("add", True): kinds.ADD_REPLACE,
        ("delete", False): kinds.DELETE,
        ("delete", True): kinds.DELETE_REPLACE,
        ("update", False): kinds.UPDATE,
        ("update", True): kinds.UPDATE_REPLACE,
    }
    detailed = {key: kinds(kind=kinds.UPDATE, inputDiff=False) for key in stale}
    for change in found:
        detailed[text(change.path)] = kinds(kind=names[change.kind, change.replaces], inputDiff=True)
    response = provider_pb2.DiffResponse
    return response(
        changes=response.DIFF_SOME if detailed else response.DIFF_NONE,
        diffs=sorted({str(change.path[0]) for change in found} | stale),
        replaces=sorted({text(change.path) for change in found if change.replaces}),
        deleteBeforeReplace=delete_first,
        detailedDiff=detailed,
        hasDetailedDiff=True,
    )
