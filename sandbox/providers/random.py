"""The local random provider: makes passwords, ids and the like once, and keeps them in the stack's state.

    python -m sandbox.providers.random ENGINE_ADDRESS

As with the official plugin (terraform-provider-random 3), nothing changes in place: another length or keeper makes
another value. The randomness is that of the operating system.
"""

import base64
import secrets
import string
import uuid
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any, NamedTuple

import bcrypt

from sandbox.providers import rules
from sandbox.providers.base import UNKNOWN, Driver, Properties, ProviderError, serve
from sandbox.providers.rules import Failures

SERVER = "nothing outside; values are made and kept in the state"
SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
# bcrypt looks at no more bytes of a password, and refuses longer ones.
_HASHED_BYTES = 72
_PREFIX = "random:index/"


class _Class(NamedTuple):
    """A class of characters: the input that allows it, the one that demands some of it, and its characters."""

    allow: str
    minimum: str
    characters: str


def _classes(inputs: Mapping[str, Any]) -> list[_Class]:
    special = inputs.get("overrideSpecial") or SPECIAL
    return [
        _Class("lower", "minLower", string.ascii_lowercase),
        _Class("upper", "minUpper", string.ascii_uppercase),
        _Class("numeric", "minNumeric", string.digits),
        _Class("special", "minSpecial", str(special)),
    ]


def _allowed(inputs: Mapping[str, Any], name: str) -> bool:
    if name == "numeric" and inputs.get("numeric") is None:
        return inputs.get("number") is not False
    return inputs.get(name) is not False


def text(inputs: Mapping[str, Any]) -> str:
    """A random text of the wanted length, with as many characters of each class as are demanded."""
    classes = [kind for kind in _classes(inputs) if _allowed(inputs, kind.allow)]
    characters = [
        secrets.choice(kind.characters) for kind in classes for _ in range(int(inputs.get(kind.minimum) or 0))
    ]
    everything = "".join(kind.characters for kind in classes)
    characters += [secrets.choice(everything) for _ in range(int(inputs["length"]) - len(characters))]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)


def _password(inputs: Mapping[str, Any]) -> tuple[str, Properties]:
    result = text(inputs)
    return "none", {
        "result": result,
        "bcryptHash": bcrypt.hashpw(result.encode()[:_HASHED_BYTES], bcrypt.gensalt(10)).decode(),
    }


def _string(inputs: Mapping[str, Any]) -> tuple[str, Properties]:
    result = text(inputs)
    return result, {"result": result}


def _id(inputs: Mapping[str, Any]) -> tuple[str, Properties]:
    content, prefix = secrets.token_bytes(int(inputs["byteLength"])), str(inputs.get("prefix") or "")
    url = base64.urlsafe_b64encode(content).decode().rstrip("=")
    values = {
        "b64Url": url,
        "b64Std": base64.b64encode(content).decode(),
        "hex": content.hex(),
        "dec": str(int.from_bytes(content)),
    }
    return url, {name: prefix + value for name, value in values.items()}


def _integer(inputs: Mapping[str, Any]) -> tuple[str, Properties]:
    low, high = int(inputs["min"]), int(inputs["max"])
    result = low + secrets.randbelow(high - low + 1)
    return str(result), {"result": result}


def _bytes(inputs: Mapping[str, Any]) -> tuple[str, Properties]:
    content = secrets.token_bytes(int(inputs["length"]))
    return "none", {"base64": base64.b64encode(content).decode(), "hex": content.hex()}


def _uuid(_inputs: Mapping[str, Any]) -> tuple[str, Properties]:
    result = str(uuid.uuid4())
    return result, {"result": result}


def _check_text(inputs: Mapping[str, Any]) -> Failures:
    minima = ("minLower", "minUpper", "minNumeric", "minSpecial")
    table = {"length": rules.between(1), **{name: rules.between(0) for name in minima}}
    found = rules.failures(table, inputs)
    demanded = [inputs.get(name) or 0 for name in minima]
    if UNKNOWN in inputs.values() or found:
        return found
    if sum(demanded) > inputs["length"]:
        found.append(("length", f"{inputs['length']} is less than the {sum(demanded)} characters that min* demand"))
    if not any(_allowed(inputs, kind.allow) for kind in _classes(inputs)):
        found.append(("length", "no class of characters is allowed; allow lower, upper, numeric or special"))
    return found


def _check_integer(inputs: Mapping[str, Any]) -> Failures:
    found: Failures = []
    if inputs.get("seed") is not None:
        found.append(("seed", "the local provider cannot make the official plugin's sequence; leave it out"))
    if UNKNOWN not in inputs.values() and inputs["min"] > inputs["max"]:
        found.append(("min", f"{inputs['min']} is more than max, {inputs['max']}"))
    return found


def _at_least_one(name: str) -> Callable[[Mapping[str, Any]], Failures]:
    table = {name: rules.between(1)}
    return lambda inputs: rules.failures(table, inputs)


class _Kind(NamedTuple):
    """One resource type."""

    make: Callable[[Mapping[str, Any]], tuple[str, Properties]]
    outputs: tuple[str, ...]
    check: Callable[[Mapping[str, Any]], Failures] = lambda _inputs: []
    secret: bool = False


_KINDS = {
    "randomPassword:RandomPassword": _Kind(_password, ("result", "bcryptHash"), _check_text, secret=True),
    "randomString:RandomString": _Kind(_string, ("result",), _check_text),
    "randomId:RandomId": _Kind(_id, ("b64Url", "b64Std", "hex", "dec"), _at_least_one("byteLength")),
    "randomInteger:RandomInteger": _Kind(_integer, ("result",), _check_integer),
    "randomBytes:RandomBytes": _Kind(_bytes, ("base64", "hex"), _at_least_one("length"), secret=True),
    "randomUuid:RandomUuid": _Kind(_uuid, ("result",)),
    "randomUuid4:RandomUuid4": _Kind(_uuid, ("result",)),
}
DRIVEN = frozenset(_PREFIX + name for name in _KINDS)


class RandomDriver(Driver):
    """Makes values at creation; afterwards they are only kept."""

    def _kind(self, token: str) -> _Kind:
        kind = _KINDS.get(token.removeprefix(_PREFIX))
        if kind is None:
            raise ProviderError(f"the local random provider does not make {token}; use the official plugin")
        return kind

    def check(self, token: str, name: str, inputs: Properties) -> Failures:  # noqa: ARG002 - the protocol's
        """Lengths that fit together."""
        return self._kind(token).check(inputs)

    def replaces(self, token: str, old: Properties, new: Properties) -> frozenset[str]:  # noqa: ARG002
        """Everything makes another value."""
        return frozenset(old.keys() | new.keys())

    def delete_first(self, token: str, old: Properties, new: Properties) -> bool:  # noqa: ARG002 - the protocol's
        """Two values do not get in each other's way."""
        return False

    def secrets(self, token: str) -> frozenset[str]:
        """Passwords and keys."""
        kind = self._kind(token)
        return frozenset(kind.outputs) if kind.secret else frozenset()

    def preview_outputs(self, token: str, inputs: Properties) -> Properties:
        """A value is known once it is made."""
        return {**dict.fromkeys(self._kind(token).outputs, UNKNOWN), **inputs}

    def create(self, token: str, name: str, inputs: Properties) -> tuple[str, Properties]:  # noqa: ARG002
        """Make the value."""
        resource_id, outputs = self._kind(token).make(inputs)
        return resource_id, {**inputs, **outputs}

    def read(
        self, token: str, resource_id: str, inputs: Properties, outputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """What was made."""
        if not outputs:
            raise ProviderError(f"{token} {resource_id} cannot be imported: only the state has its value")
        return inputs, outputs

    def update(self, token: str, resource_id: str, old: Properties, new: Properties) -> Properties:
        """Nothing changes in place."""
        raise ProviderError(f"{token} {resource_id} cannot change from {sorted(old)} to {sorted(new)} in place")

    def delete(self, token: str, resource_id: str, outputs: Properties) -> None:
        """The state forgets it."""


if __name__ == "__main__":
    serve("random", version("pulumi-random"), RandomDriver())
