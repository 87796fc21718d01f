"""The Python SDK's own Args classes, by type token.

They are found in the registry of types that each SDK carries, and read from its source without importing it: importing
takes seconds in each plugin (Kubernetes), reading one class a millisecond.
"""

import ast
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

_REGISTRY = re.compile(r'resource_modules="""(.*?)"""', re.DOTALL)
_BASIC = frozenset({"str", "int", "float", "bool"})


@dataclass(frozen=True)
class ObjectType:
    """An Args class: property names in camelCase with their types."""

    properties: Mapping[str, "Type"]
    required: frozenset[str]


@dataclass(frozen=True)
class ListType:
    """A sequence."""

    item: "Type"


@dataclass(frozen=True)
class MapType:
    """A mapping with free keys."""

    item: "Type"


@dataclass(frozen=True)
class Reference:
    """An Args class that is named in an annotation, resolved when it is needed (they can be recursive)."""

    module: Path
    name: str


@dataclass(frozen=True)
class UnionType:
    """Any one of several types."""

    members: tuple["Type", ...]


@dataclass(frozen=True)
class BasicType:
    """`str`, `int`, `float` or `bool`; `any` where the SDK does not say."""

    name: str


Type = ObjectType | ListType | MapType | Reference | UnionType | BasicType
ANY = BasicType("any")


@cache
def args_type(package: str, token: str) -> ObjectType | None:
    """The Args class of a resource type, or of the provider itself (`pulumi:providers:<package>`)."""
    root = _root(package)
    if root is None:
        return None
    if token == f"pulumi:providers:{package}":
        return _read_class(root / "provider.py", "ProviderArgs")
    for module in registry(package):
        class_name = module["classes"].get(token)
        if class_name is None:
            continue
        folder = root.joinpath(*module["fqn"].split(".")[1:])
        source = _source_of(folder, token)
        for name in (f"{class_name}Args", f"{class_name}InitArgs"):
            found = _read_class(source, name) if source else None
            if found is not None:
                return found
    return None


def _root(package: str) -> Path | None:
    spec = find_spec(f"pulumi_{package}")
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


@cache
def registry(package: str) -> list[dict[str, Any]]:
    """The SDK's modules (`fqn`) with their `classes` (token: class name)."""
    root = _root(package)
    match = _REGISTRY.search(_text(root / "__init__.py")) if root else None
    return json.loads(match[1]) if match else []


@cache
def _text(file: Path) -> str:
    return file.read_text("utf-8") if file.is_file() else ""


def _source_of(folder: Path, token: str) -> Path | None:
    declared = f'@pulumi.type_token("{token}")'
    likely = token.rpartition(":")[2].lower()
    files = sorted(folder.glob("*.py"), key=lambda file: file.stem.replace("_", "").lower() != likely)
    return next((file for file in files if not file.stem.startswith("_") and declared in _text(file)), None)


@cache
def _read_class(file: Path, name: str) -> ObjectType | None:
    source = _text(file)
    start = source.find(f"\nclass {name}:\n")
    if start < 0:
        return None
    end = re.compile(r"\n(?=\S)").search(source, start + 2)
    node = ast.parse(source[start : end.start() if end else None]).body[0]
    methods = [item for item in cast("ast.ClassDef", node).body if isinstance(item, ast.FunctionDef)]
    names = {method.name: getter for method in methods if (getter := _getter_name(method))}
    init = next(method for method in methods if method.name == "__init__")
    properties: dict[str, Type] = {}
    required: set[str] = set()
    for argument, default in zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True):
        key = names.get(argument.arg, argument.arg)
        properties[key] = _type_of(argument.annotation, file)
        if default is None:
            required.add(key)
    return ObjectType(properties, frozenset(required))


def _getter_name(method: ast.FunctionDef) -> str | None:
    for decorator in method.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pulumi.getter":
            return next((ast.literal_eval(word.value) for word in decorator.keywords if word.arg == "name"), None)
    return None


def _type_of(node: ast.expr | None, file: Path) -> Type:
    """The type in an annotation: `pulumi.Input`, `Optional` and `Awaitable` are seen through."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return Reference(file, node.value)
    if isinstance(node, ast.Attribute) and node.attr in _BASIC:
        return BasicType(node.attr)
    if not isinstance(node, ast.Subscript):
        return ANY
    kind = ast.unparse(node.value).rpartition(".")[2]
    inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if kind in ("Input", "Optional"):
        return _type_of(inner[0], file)
    if kind == "Sequence":
        return ListType(_type_of(inner[0], file))
    if kind == "Mapping":
        return MapType(_type_of(inner[1], file))
    if kind == "Union":
        return UnionType(tuple(_type_of(item, file) for item in inner))
    return ANY


@cache
def resolve(reference: Reference) -> Type:
    """The type that an annotation names; `any` where its class cannot be found."""
    prefix, _, name = reference.name.rpartition(".")
    folder = _imported(reference.module, prefix) if prefix else reference.module.parent
    if folder is None:
        return ANY
    found = _read_class(folder / "_inputs.py", name)
    if found is not None:
        return found
    return BasicType("str") if f"class {name}(_builtins.str, Enum):" in _text(folder / "_enums.py") else ANY


def _imported(module: Path, prefix: str) -> Path | None:
    """The folder that `_meta.v1` means in `module`, by its `from ... import meta as _meta`."""
    alias, *rest = prefix.split(".")
    match = re.search(rf"^from (\.+)(\S*) import (\w+) as {re.escape(alias)}$", _text(module), re.MULTILINE)
    if match is None:
        return None
    folder = module
    for _ in match[1]:
        folder = folder.parent
    return folder.joinpath(*match[2].split("."), match[3], *rest) if match[2] else folder.joinpath(match[3], *rest)
