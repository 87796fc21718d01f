"""How an input of the SDK is kept in a guest's config, in both directions, as plain data.

A `Part` writes config values from the declared inputs and reads the inputs back from a config. `expected` is what
reading gives right after writing, so comparing it with what is read from the live config shows exactly the drift:
formats and defaults cannot differ, and what only the server knows (a MAC address, a volume's name) is None and never
compared.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from sandbox.providers.proxmoxve import options

Inputs = Mapping[str, Any]
Config = Mapping[str, Any]
_SAME: Any = object()


class Field(NamedTuple):
    """One input and the config key (or option of a property string) that keeps it."""

    key: str
    default: Any = None
    """What the official plugin sends where nothing is declared; None: nothing is sent, and nothing is compared."""
    kind: type[Any] = str
    """Python type of the input; a default tells it as well."""
    skip: tuple[Any, ...] = ("",)
    """Values that are expressed by leaving the key out."""
    absent: Any = _SAME
    """What a missing key means to Proxmox VE, where that is not the default above."""
    separator: str = ";"
    """Between the items of a list."""

    def write(self, value: Any) -> Any:
        """The value to send; None leaves the key out."""
        value = self.default if value is None else value
        if value is None or any(value is item or (type(value) is type(item) and value == item) for item in self.skip):
            return None
        return options.scalar(value, self.separator)

    def read(self, text: Any) -> Any:
        """The input's value; `text` is None where the key is missing."""
        if text is None:
            return self.default if self.absent is _SAME else self.absent
        kind: type[Any] = self.kind if self.default is None else cast("type[Any]", type(self.default))
        if kind is bool:
            return options.boolean(text)
        if kind is list:
            return [item for item in str(text).split(self.separator) if item]
        return kind(float(text)) if kind is int else kind(text)


Fields = Mapping[str, Field]


@dataclass(frozen=True)
class Part:
    """Some inputs and the config keys they are kept in."""

    names: tuple[str, ...]
    owns: Callable[[str, Any], bool]
    """Whether a config key, with this value, belongs to the part."""
    write: Callable[[Inputs, Config], dict[str, str]]
    """Config values of the inputs; what the live config has already (volumes, MAC addresses) is kept."""
    read: Callable[[Config], dict[str, Any]]
    """The inputs (by name) as the config says; None for one that it says nothing about."""

    def deletes(self, written: Config, live: Config) -> list[str]:
        """Live config keys of this part that are not written any more."""
        return sorted(key for key, value in live.items() if self.owns(key, value) and key not in written)


def write_all(parts: Iterable[Part], inputs: Inputs) -> dict[str, str]:
    """The whole config of a guest that is to be made."""
    written: dict[str, str] = {}
    for part in parts:
        written |= part.write(inputs, {})
    return written


def read_all(parts: Iterable[Part], config: Config) -> dict[str, Any]:
    """Every input that a config tells, in full."""
    found: dict[str, Any] = {}
    for part in parts:
        found |= part.read(config)
    return found


def expected(parts: tuple[Part, ...], inputs: Inputs) -> dict[str, Any]:
    """What `read_all` gives right after these inputs were written."""
    return read_all(parts, write_all(parts, inputs))


def scalar(name: str, field: Field) -> Part:
    """An input that is one config key."""

    def write(inputs: Inputs, _live: Config) -> dict[str, str]:
        value = field.write(inputs.get(name))
        return {} if value is None else {field.key: value}

    return Part((name,), exactly(field.key), write, lambda config: {name: field.read(config.get(field.key))})


def block(name: str, fields: Fields) -> Part:
    """A nested input whose fields are config keys of their own."""

    def write(inputs: Inputs, _live: Config) -> dict[str, str]:
        declared = child(inputs, name)
        return present({f.key: f.write(declared.get(n)) for n, f in fields.items()})

    def read(config: Config) -> dict[str, Any]:
        return {name: {n: f.read(config.get(f.key)) for n, f in fields.items()}}

    return Part((name,), exactly(*(f.key for f in fields.values())), write, read)


def packed(name: str, key: str, fields: Fields, *, bare: str = "", always: bool = False, as_list: bool = False) -> Part:
    """A nested input that is one property string; `always`: written with its defaults where nothing is declared.

    With `as_list` the SDK makes a list of it that has one item at most.
    """

    def write(inputs: Inputs, _live: Config) -> dict[str, str]:
        declared = next(iter(items(inputs, name)), None) if as_list else inputs.get(name)
        if declared is None and not always:
            return {}
        text = pack(declared or {}, fields)
        return {key: text} if text else {}

    def read(config: Config) -> dict[str, Any]:
        if key not in config and not always:
            return {name: [] if as_list else None}
        value = unpack(config.get(key), fields, bare)
        return {name: [value] if as_list else value}

    return Part((name,), exactly(key), write, read)


def series(name: str, prefix: str, fields: Fields, *, bare: str = "", device: str = "") -> Part:
    """A list of nested inputs, each a property string under `prefix0`, `prefix1` ...

    With `device` the key stands in that field of the input itself.
    """

    def write(inputs: Inputs, _live: Config) -> dict[str, str]:
        written: dict[str, str] = {}
        for index, item in enumerate(items(inputs, name)):
            written[item[device] if device else f"{prefix}{index}"] = pack(item, fields)
        return written

    def read(config: Config) -> dict[str, Any]:
        found: list[dict[str, Any]] = []
        for key in indexed(config, prefix):
            named = {device: key} if device else {}
            found.append({**named, **unpack(config[key], fields, bare)})
        return {name: found}

    return Part((name,), numbered(prefix), write, read)


def pack(declared: Inputs, fields: Fields) -> str:
    """The property string of a nested input."""
    return options.render({f.key: f.write(declared.get(n)) for n, f in fields.items()})


def unpack(text: Any, fields: Fields, bare: str = "") -> dict[str, Any]:
    """The nested input of a property string."""
    given = {} if text is None else options.parse(text, bare)
    return {n: f.read(given.get(f.key)) for n, f in fields.items()}


def indexed(config: Config, prefix: str) -> list[str]:
    """The keys `prefix0`, `prefix1` ... of a config, in order."""
    return sorted((key for key in config if re.fullmatch(rf"{prefix}\d+", key)), key=options.natural)


def child(inputs: Inputs, name: str) -> dict[str, Any]:
    """A nested input; empty if it is not declared or not known yet."""
    value = inputs.get(name)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def items(inputs: Inputs, name: str) -> list[Any]:
    """An input that is a list; empty if it is not declared or not known yet."""
    value = inputs.get(name)
    return cast("list[Any]", value) if isinstance(value, list) else []


def present(values: Mapping[str, Any]) -> dict[str, Any]:
    """What is not None."""
    return {key: value for key, value in values.items() if value is not None}


def exactly(*keys: str) -> Callable[[str, Any], bool]:
    """Owner of these config keys."""
    return lambda key, _value: key in keys


def numbered(prefix: str) -> Callable[[str, Any], bool]:
    """Owner of the config keys `prefix0`, `prefix1` ..."""
    pattern = re.compile(rf"{prefix}\d+")
    return lambda key, _value: pattern.fullmatch(key) is not None
