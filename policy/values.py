"""A careful look into a resource's properties: what is unknown or of another shape stops the look, nothing is guessed.

A `Value` is a place in the properties. Walking (`at`) does not read; reading (`text`, `flag`, `items` …) does, and only
then an unknown value matters. So a rule that never reads an unknown value is never disturbed by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from pulumi_policy import proxy

UNKNOWNS = frozenset(
    {
        proxy.UNKNOWN_BOOLEAN_VALUE,
        proxy.UNKNOWN_NUMBER_VALUE,
        proxy.UNKNOWN_STRING_VALUE,
        proxy.UNKNOWN_ARRAY_VALUE,
        proxy.UNKNOWN_ASSET_VALUE,
        proxy.UNKNOWN_ARCHIVE_VALUE,
        proxy.UNKNOWN_OBJECT_VALUE,
    }
)
"""What the engine writes in the place of a value that a preview cannot know yet."""

Key = str | int
Hidden = frozenset[tuple[str, str]]
"""Places (URN, path) that are treated as absent: they were reported already, or an exemption covers them."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The resource that a value belongs to."""

    type: str
    name: str
    urn: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong at one place; the texts never hold a secret's value."""

    subject: Subject
    path: str
    problem: str
    remedy: str
    unknown: bool = False


class UnevaluableError(Exception):
    """A rule needs a value that it cannot read."""

    def __init__(self, value: Value, problem: str, remedy: str, *, unknown: bool) -> None:
        super().__init__(f"{value.path} {problem}")
        self.finding = Finding(value.subject, value.path, problem, remedy, unknown)


class Value:
    """A place in a resource's properties; what is not there reads as nothing.

    Its path is put together only when someone asks for it: most places are looked at and found good.
    """

    __slots__ = ("_above", "_hidden", "_key", "_raw", "subject")

    def __init__(
        self, raw: object, subject: Subject, hidden: Hidden = frozenset(), above: Value | None = None, key: Key = ""
    ) -> None:
        self._raw = raw
        self.subject = subject
        self._hidden = hidden
        self._above = above
        self._key = key

    @property
    def path(self) -> str:
        """Where this is, as in `spec.containers[0].image`."""
        return "" if self._above is None else _join(self._above.path, self._key)

    def at(self, *keys: Key) -> Value:
        """The place below this one; absent when any step is."""
        place = self
        for key in keys:
            place = place._step(key)
        return place

    def _step(self, key: Key) -> Value:
        child: object = None
        here = self._raw
        if isinstance(here, dict) and isinstance(key, str):
            # What nearly every step is, without further calls.
            child = cast("dict[str, object]", here).get(key)
        elif (raw := self._read()) is None:
            pass
        elif isinstance(key, int):
            elements = self._list(raw)
            child = elements[key] if key < len(elements) else None
        else:
            child = self._dict(raw).get(key)
        below = Value(child, self.subject, self._hidden, self, key)
        if self._hidden and below.hidden:
            below._raw = None
        return below

    @property
    def hidden(self) -> bool:
        """Whether this place is to be treated as absent."""
        return bool(self._hidden) and (self.subject.urn, self.path) in self._hidden

    def _read(self) -> object:
        raw = self._raw
        if type(raw) is str and raw in UNKNOWNS:
            raise UnevaluableError(
                self,
                "is not known before the update",
                "give a value that is known when the program runs, or name it in policy/exemptions.py with the reason",
                unknown=True,
            )
        return raw

    def _malformed(self, wanted: str) -> UnevaluableError:
        return UnevaluableError(self, f"is not {wanted}", f"give {wanted}", unknown=False)

    def _dict(self, raw: object) -> dict[str, object]:
        if not isinstance(raw, dict):
            raise self._malformed("an object")
        return cast("dict[str, object]", raw)

    def _list(self, raw: object) -> list[object]:
        if not isinstance(raw, list):
            raise self._malformed("a list")
        return cast("list[object]", raw)

    @property
    def present(self) -> bool:
        """Whether there is anything but null."""
        return self._read() is not None

    @property
    def text(self) -> str:
        """The text, "" when absent; numbers and booleans as they are written."""
        raw = self._read()
        if type(raw) is str:
            return raw
        if raw is None:
            return ""
        if isinstance(raw, bool):
            return "true" if raw else "false"
        if isinstance(raw, float) and raw.is_integer():
            return str(int(raw))
        if isinstance(raw, str | int | float):
            return str(raw)
        raise self._malformed("a text")

    @property
    def flag(self) -> bool | None:
        """The boolean, None when absent; a provider's inputs carry it as the text of a JSON value."""
        raw = self._read()
        if raw is None or isinstance(raw, bool):
            return raw
        if raw in {"true", "false"}:
            return raw == "true"
        raise self._malformed("true or false")

    @property
    def number(self) -> float | None:
        """The number, None when absent or ""."""
        raw = self._read()
        if raw is None or raw == "":
            return None
        if isinstance(raw, int | float | str) and not isinstance(raw, bool):
            try:
                return float(raw)
            except ValueError:
                pass
        raise self._malformed("a number")

    def items(self) -> Iterator[Value]:
        """The elements of a list, each at its own index; none when absent."""
        raw = self._read()
        if raw is None:
            return
        for index, element in enumerate(self._list(raw)):
            below = Value(element, self.subject, self._hidden, self, index)
            if not (self._hidden and below.hidden):
                yield below

    def entries(self) -> Iterator[tuple[str, Value]]:
        """The entries of an object, unread; none when absent."""
        raw = self._read()
        if raw is None:
            return
        for key, entry in self._dict(raw).items():
            below = Value(entry, self.subject, self._hidden, self, key)
            if not (self._hidden and below.hidden):
                yield key, below

    def texts(self) -> list[str]:
        """The elements of a list of texts; none when absent."""
        return [item.text for item in self.items()]

    def leaves(self) -> Iterator[Value]:
        """Everything below this place that is neither list nor object, unread; unknown lists and objects included."""
        return (leaf for _, leaf in self.named_leaves())

    def named_leaves(self) -> Iterator[tuple[str, Value]]:
        """Every leaf with the name that it stands under; an element of a list has the list's."""
        found: list[tuple[str, Value]] = []
        self._gather(str(self._key), found)
        return iter(found)

    def _gather(self, name: str, found: list[tuple[str, Value]]) -> None:
        if isinstance(self._raw, dict):
            for key, value in self.entries():
                value._gather(str(key), found)
        elif isinstance(self._raw, list):
            for value in self.items():
                value._gather(name, found)
        elif self._raw is not None:
            found.append((name, self))

    def holding(self, content: object) -> Value:
        """This very place with what its text says to the program that reads it; paths go on below it."""
        return Value(content, self.subject, self._hidden, self._above, self._key)

    def names(self) -> list[str]:
        """The keys of an object; none when absent."""
        raw = self._read()
        return [] if raw is None else list(self._dict(raw))

    def wrong(self, problem: str, remedy: str) -> Finding:
        """What a rule reports about this place."""
        return Finding(self.subject, self.path, problem, remedy)


def _join(path: str, key: Key) -> str:
    if isinstance(key, int):
        return f"{path}[{key}]"
    if not key.replace("_", "").replace("-", "").isalnum():
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


def beneath(path: str, place: str) -> bool:
    """Whether `path` is `place` or lies below it."""
    return path == place or (path.startswith(place) and path[len(place)] in ".[")
