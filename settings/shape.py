"""Looks things up in the models by a setting's path, and builds what is right of settings that are partly wrong."""

import types
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, Union, cast, get_args, get_origin

from pydantic import BaseModel

from settings.report import Path
from settings.stack import Settings

K = TypeVar("K", bound=str)
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Place:
    """What the models say about one setting."""

    kind: Any
    """Its type, without the options to be absent."""
    description: str = ""

    @property
    def fields(self) -> tuple[str, ...]:
        """Keys that are known in it; nothing for what is no table of fixed keys."""
        return tuple(self.kind.model_fields) if _is_model(self.kind) else ()


def place(path: Path) -> Place | None:
    """The place of the setting at `path`; None if the models know none."""
    here = Place(Settings)
    for part in path:
        if _is_model(here.kind):
            field = cast("type[BaseModel]", here.kind).model_fields.get(str(part))
            if field is None:
                return None
            here = Place(_inner(field.annotation), field.description or "")
        elif get_origin(here.kind) in (Mapping, tuple):
            mapping = get_origin(here.kind) is Mapping
            here = Place(_inner(get_args(here.kind)[1 if mapping else 0]), here.description)
        else:
            return None
    return here


def salvage(data: object, wrong: Collection[Path]) -> Settings:
    """Settings with everything that is not at a path in `wrong`.

    Reading what is left out raises AttributeError: a rule that needs it has nothing to say.
    """
    return cast("Settings", _salvage(Settings, data, (), frozenset(wrong)))


def whole(table: Mapping[K, M]) -> Iterator[tuple[K, M]]:
    """The entries of `table` from which nothing was left out."""
    return ((name, entry) for name, entry in table.items() if _is_whole(entry))


def _is_whole(value: object) -> bool:
    if isinstance(value, BaseModel):
        there = vars(value)
        return all(name in there and _is_whole(there[name]) for name in type(value).model_fields)
    if isinstance(value, Mapping):
        return all(map(_is_whole, cast("Mapping[str, object]", value).values()))
    return True


def _salvage(kind: Any, data: Any, path: Path, wrong: frozenset[Path]) -> Any:
    if data is None:
        return None
    if _is_model(kind):
        model = cast("type[BaseModel]", kind)
        right = {
            name: _salvage(_inner(field.annotation), data[name], (*path, name), wrong)
            for name, field in model.model_fields.items()
            if name in data and (*path, name) not in wrong
        }
        built = model.model_construct(**right)
        for name in model.model_fields:
            if (*path, name) in wrong:
                vars(built).pop(name, None)
        return built
    if get_origin(kind) is Mapping:
        inner = _inner(get_args(kind)[1])
        return {
            name: _salvage(inner, value, (*path, name), wrong)
            for name, value in data.items()
            if (*path, name) not in wrong
        }
    if get_origin(kind) is tuple:
        inner = _inner(get_args(kind)[0])
        return tuple(_salvage(inner, value, (*path, index), wrong) for index, value in enumerate(data))
    return data


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _inner(annotation: Any) -> Any:
    """`annotation` without Annotated and without `| None`."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _inner(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return _inner(next(arg for arg in get_args(annotation) if arg is not type(None)))
    return annotation
