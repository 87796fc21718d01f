"""Properties on the wire (protobuf Struct) and as plain Python, with secrets and unknown values kept.

Source of the wire format: `pulumi/sdk/proto` and `pulumi.runtime.rpc`. The SDK's own `PropertyValue` knows no unknown
values and costs an import of the whole SDK (a second for each of the five plugins), hence these few lines.
"""

import base64
import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from google.protobuf import struct_pb2

from automation import marks
from automation.marks import SECRET, SIGNATURE

_SHOWN: Final = (("host",), ("user",), ("hostKey",))
"""Of a connection, which is secret as a whole, what is not by itself: a script that names the machine is no secret."""
_SHORT = 4
"""Secrets shorter than this are recognised in other values only where they are the whole value."""

Path = tuple[str | int, ...]


class Unknown(enum.Enum):
    """The type of `UNKNOWN`."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "<unknown>"


UNKNOWN: Final = Unknown.UNKNOWN
"""A value that is not known before the deployment."""


@dataclass(frozen=True)
class Secrets:
    """What was secret in the properties that the engine sent."""

    paths: frozenset[Path] = frozenset()
    texts: frozenset[str] = frozenset()
    """The secret strings themselves, plain and in base64: wherever one turns up again, the value is secret."""

    def __or__(self, other: "Secrets") -> "Secrets":
        return Secrets(self.paths | other.paths, self.texts | other.texts)

    def hides(self, path: Path, value: Any) -> bool:
        """Whether the value at `path` has to be sent as a secret."""
        if path in self.paths:
            return True
        return isinstance(value, str) and self.redact(value) != value

    def redact(self, text: str) -> str:
        """`text` without the secret strings."""
        if text in self.texts:
            return "[secret]"
        for secret in sorted(self.texts, key=len, reverse=True):
            if len(secret) >= _SHORT and secret in text:
                text = text.replace(secret, "[secret]")
        return text


def decode(struct: struct_pb2.Struct) -> tuple[dict[str, Any], Secrets]:
    """Plain properties, and what of them is secret. Nulls in maps are left out: they mean the same as no property."""
    paths: set[Path] = set()
    texts: set[str] = set()
    plain = cast("dict[str, Any]", _decode_map(struct.fields, (), False, paths, texts))
    return plain, Secrets(frozenset(paths), frozenset(texts))


def encode(plain: Mapping[str, Any], secrets: Secrets) -> struct_pb2.Struct:
    """Properties for the wire; what was secret stays secret."""
    return struct_pb2.Struct(fields={key: _encode(value, (key,), secrets) for key, value in plain.items()})


def _decode(value: struct_pb2.Value, path: Path, secret: bool, paths: set[Path], texts: set[str]) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text = value.string_value
        if text in marks.UNKNOWNS:
            return UNKNOWN
        if secret and path[-1:] not in _SHOWN:
            _remember(text, texts)
        return text
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "bool_value":
        return value.bool_value
    if kind == "list_value":
        items = value.list_value.values
        return [_decode(item, (*path, index), secret, paths, texts) for index, item in enumerate(items)]
    if kind == "struct_value":
        return _decode_map(value.struct_value.fields, path, secret, paths, texts)
    return None


def _decode_map(
    fields: Mapping[str, struct_pb2.Value], path: Path, secret: bool, paths: set[Path], texts: set[str]
) -> Any:
    signature = fields[SIGNATURE].string_value if SIGNATURE in fields else ""
    if signature == SECRET:
        paths.add(path)
        return _decode(fields["value"], path, True, paths, texts)
    return {
        key: _decode(item, (*path, key), secret, paths, texts)
        for key, item in fields.items()
        if item.WhichOneof("kind") != "null_value"
    }


def _remember(text: str, texts: set[str]) -> None:
    if text:
        texts.add(text)
        texts.add(base64.b64encode(text.encode()).decode())


def _encode(value: Any, path: Path, secrets: Secrets) -> struct_pb2.Value:
    encoded = _encode_bare(value, path, secrets)
    if not secrets.hides(path, value):
        return encoded
    wrapped = {SIGNATURE: struct_pb2.Value(string_value=SECRET), "value": encoded}
    return struct_pb2.Value(struct_value=struct_pb2.Struct(fields=wrapped))


def _encode_bare(value: Any, path: Path, secrets: Secrets) -> struct_pb2.Value:
    if value is UNKNOWN:
        return struct_pb2.Value(string_value=marks.UNKNOWN)
    if value is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    if isinstance(value, bool):
        return struct_pb2.Value(bool_value=value)
    if isinstance(value, int | float):
        return struct_pb2.Value(number_value=value)
    if isinstance(value, str):
        return struct_pb2.Value(string_value=value)
    if isinstance(value, list | tuple):
        items = enumerate(cast("list[Any]", value))
        values = [_encode(item, (*path, index), secrets) for index, item in items]
        return struct_pb2.Value(list_value=struct_pb2.ListValue(values=values))
    if isinstance(value, dict):
        fields = {key: _encode(item, (*path, key), secrets) for key, item in cast("dict[str, Any]", value).items()}
        return struct_pb2.Value(struct_value=struct_pb2.Struct(fields=fields))
    raise TypeError(f"{type(value).__name__} is not a property value")
