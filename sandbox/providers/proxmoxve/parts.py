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
    skip: tuple[Any, ...] = ("",)
    """Values that are expressed by leaving the key out."""
    absent: Any = _SAME
    """What a missing key means to Proxmox VE, where that is not the default above."""

    def write(self, value: Any) -> Any:
        """The value to send; None leaves the key out."""
        value = self.default if value is None else value
        if value is None or any(value is item or (type(value) is type(item) and value == item) for item in self.skip):
            return None
        return options.scalar(value)

    def read(self, text: Any) -> Any:
        """The input's value; `text` is None where the key is missing."""
        if text is None:
            return self.default if self.absent is _SAME else self.absent
        kind = cast("type[Any]", str if self.default is None else type(self.default))
        if kind is bool:
            return options.boolean(text)
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


def packed(name: str, key: str, fields: Fields, *, bare: str = "") -> Part:
    """A nested input that is one property string."""

    def write(inputs: Inputs, _live: Config) -> dict[str, str]:
        text = pack(child(inputs, name), fields) if inputs.get(name) is not None else ""
        return {key: text} if text else {}

    def read(config: Config) -> dict[str, Any]:
        return {name: unpack(config[key], fields, bare) if key in config else None}

    return Part((name,), exactly(key), write, read)


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


def mac_address(text: Any) -> str | None:
    """The MAC address in a network device's config value."""
    found = re.search(r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}", str(text))
    return found.group(0).upper() if found else None


def dns(given: Inputs) -> dict[str, str]:
    """The config values of a guest's name servers."""
    declared = child(given, "dns")
    servers = " ".join(items(declared, "servers"))
    return present({"searchdomain": declared.get("domain") or None, "nameserver": servers or None})


def read_dns(config: Config) -> dict[str, Any]:
    """A guest's name servers."""
    servers = str(config.get("nameserver", "")).split()
    return {"domain": str(config.get("searchdomain", "")), "servers": servers}


def _write_tags(inputs: Inputs, _live: Config) -> dict[str, str]:
    tags = items(inputs, "tags")
    return {"tags": ";".join(tags)} if tags else {}


def _read_tags(config: Config) -> dict[str, Any]:
    return {"tags": sorted(tag for tag in re.split(r"[;, ]+", str(config.get("tags", ""))) if tag)}


def _write_description(inputs: Inputs, _live: Config) -> dict[str, str]:
    text = str(inputs.get("description") or "")
    return {"description": text} if text else {}


def _read_description(config: Config) -> dict[str, Any]:
    # Proxmox VE ends a container's with a newline.
    return {"description": str(config.get("description", "")).rstrip("\n")}


_STARTUP = {
    "order": Field("order", -1, skip=(-1,)),
    "upDelay": Field("up", -1, skip=(-1,)),
    "downDelay": Field("down", -1, skip=(-1,)),
}
COMMON: tuple[Part, ...] = (
    Part(("description",), exactly("description"), _write_description, _read_description),
    packed("startup", "startup", _STARTUP, bare="order"),
    Part(("tags",), exactly("tags"), _write_tags, _read_tags),
)
"""What VMs and containers keep in the same way."""
IPV4 = {"address": Field("ip", ""), "gateway": Field("gw", "")}
