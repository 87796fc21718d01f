"""The documents inside resources, read as the programs that get them do; one that cannot be read has failed.

A content is parsed once, however many rules ask for it and however many resources hold it.
"""

from __future__ import annotations

import base64
import binascii
import configparser
import contextlib
import json
import posixpath
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import yaml

from ..judging import Resource, Stack
from ..values import UnevaluableError, Value
from . import kinds

PROMETHEUS = "prometheus"
RULES = "rules"
ALERTMANAGER = "alertmanager"
LOKI = "loki"
OVERRIDES = "overrides"
TEMPO = "tempo"
LOG_AGENT = "promtail"
BLACKBOX = "blackbox"
GRAFANA = "grafana"
DATASOURCES = "datasources"
GATEWAY = "traefik"
ROUTING = "routing"

INSIDE = ["metrics"]
"""A router's entry point that no Service publishes, where nobody else is."""

_NAMED = re.compile(
    r"(prometheus|alertmanager|loki|overrides|tempo|promtail|blackbox|traefik|routing|grafana)\.(?:ya?ml|ini)"
)
_SHAPED: tuple[tuple[str, frozenset[str], frozenset[str]], ...] = (
    (PROMETHEUS, frozenset({"scrape_configs", "global"}), frozenset({"clients"})),
    (LOG_AGENT, frozenset({"scrape_configs", "clients"}), frozenset()),
    (RULES, frozenset({"groups"}), frozenset()),
    (ALERTMANAGER, frozenset({"route", "receivers"}), frozenset()),
    (LOKI, frozenset({"schema_config"}), frozenset()),
    (LOKI, frozenset({"limits_config"}), frozenset()),
    (TEMPO, frozenset({"distributor", "storage"}), frozenset({"schema_config"})),
    (OVERRIDES, frozenset({"overrides"}), frozenset({"distributor", "storage", "server"})),
    (BLACKBOX, frozenset({"modules"}), frozenset()),
    (DATASOURCES, frozenset({"datasources"}), frozenset()),
    (GATEWAY, frozenset({"entryPoints"}), frozenset()),
    (ROUTING, frozenset({"http"}), frozenset({"entryPoints"})),
    (ROUTING, frozenset({"tcp"}), frozenset({"entryPoints"})),
    (GRAFANA, frozenset({"auth.anonymous"}), frozenset()),
)
"""A kind of document, the keys that it has at its top, and those that it has not."""


_FILE = re.compile(r"^put (\S+) \S+ <<(?:'\"'\"')?'?([A-Z-]+)'?(?:'\"'\"')?\n(.*?)^\2$", re.MULTILINE | re.DOTALL)
_QUOTE = "'\"'\"'"


class _Strict(yaml.CSafeLoader):
    """Refuses a key that stands twice, as the readers (all of them Go's) do."""

    resolve: Any = staticmethod(lru_cache(maxsize=4096)(cast("Any", yaml.resolver.Resolver()).resolve))
    """As the base class's, but what a plain text stands for is found out once."""

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        """As the base class, without its detour for texts, which are most of a document."""
        if node.tag == "tag:yaml.org,2002:str":
            return node.value
        return cast("Any", super()).construct_object(node, deep)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """As the base class.

        Raises:
            yaml.YAMLError: When a key stands twice.
        """
        pairs = len(node.value)
        made = cast("dict[Any, Any]", super().construct_mapping(node, deep))
        if len(made) < pairs and not any(key.tag == "tag:yaml.org,2002:merge" for key, _ in node.value):
            raise yaml.YAMLError("a key stands twice")
        return made


def _ini(text: str) -> object:
    parser = configparser.RawConfigParser(strict=True, interpolation=None)
    parser.optionxform = str  # pyright: ignore[reportAttributeAccessIssue] - as the standard library says to
    parser.read_string(text)
    return {section: dict(parser.items(section)) for section in parser.sections()}


def read_yaml(text: str) -> object:
    """What a YAML document says.

    Raises:
        yaml.YAMLError: When it is none, or a key stands twice.
    """
    return yaml.load(text, _Strict)  # noqa: S506 - a safe loader


_READERS: dict[str, tuple[str, Callable[[str], object]]] = {
    ".yaml": ("YAML", lambda text: read_yaml(text)),
    ".yml": ("YAML", lambda text: read_yaml(text)),
    ".json": ("JSON", json.loads),
    ".ini": ("an INI file", _ini),
    ".toml": ("TOML", tomllib.loads),
}


@dataclass(frozen=True, slots=True)
class _Unreadable:
    language: str


@lru_cache(maxsize=512)
def _parsed(ending: str, text: str) -> object:
    language, read = _READERS[ending]
    try:
        return read(text)
    except (ValueError, yaml.YAMLError, configparser.Error):
        return _Unreadable(language)


@lru_cache(maxsize=512)
def _kind(file: str, ending: str, text: str) -> str:
    named = _NAMED.fullmatch(file)
    if named is not None:
        return named[1]
    if ending == ".json":
        return ""
    content = _parsed(ending, text)
    if isinstance(content, dict):
        keys = {str(key) for key in cast("dict[object, object]", content)}
        for kind, has, lacks in _SHAPED:
            if has <= keys and not lacks & keys:
                return kind
    return ""


@dataclass(frozen=True, slots=True)
class Document:
    """A file in a resource."""

    file: str
    """Its name, without the folder."""
    text: str
    place: Value
    """Where its text stands."""

    @property
    def ending(self) -> str:
        """By which its language is known."""
        return posixpath.splitext(self.file)[1]

    @property
    def readable(self) -> bool:
        """Whether this pack knows the language."""
        return self.ending in _READERS

    @property
    def kind(self) -> str:
        """Whose document it is, by its name or by what stands at its top; "" when no rule has an eye on it."""
        return _kind(self.file, self.ending, self.text) if self.readable else ""

    @property
    def content(self) -> Value:
        """What it says.

        Raises:
            UnevaluableError: When its reader could not read it.
        """
        return parsed(self.place, self.text, self.ending)


def parsed(place: Value, text: str, ending: str) -> Value:
    """A text at a place, read as a file with this ending.

    Raises:
        UnevaluableError: When it is none of that language.
    """
    content = _parsed(ending, text)
    if isinstance(content, _Unreadable):
        raise UnevaluableError(place, f"is not {content.language}", f"give {content.language}", unknown=False)
    return place.holding(content)


def files(text: str) -> dict[str, str]:
    """Path to content of the files that a step on a machine writes."""
    return {path: content.replace(_QUOTE, "'") for path, _, content in _FILE.findall(text)}


def of_resource(resource: Resource) -> Iterator[Document]:
    """The documents of a ConfigMap, a Secret, a container on a Docker host, or a machine's steps."""
    props = resource.props
    if resource.type == kinds.DOCKER_CONTAINER:
        for upload in props.at("uploads").items():
            file, content = posixpath.basename(upload.at("file").text), upload.at("content")
            # What is no document may be a password, which is not known before the first update.
            if posixpath.splitext(file)[1] in _READERS:
                yield Document(file, content.text, content)
        return
    if resource.type in kinds.COMMANDS or resource.type == kinds.FILE:
        yield from _of_machine(resource)
        return
    if resource.type == kinds.SECRET:
        for key, value, text in secret_texts(resource):
            file = key.rpartition("__")[2]
            if posixpath.splitext(file)[1] in _READERS:
                yield Document(file, text, value)
        return
    for key, value in props.at("data").entries():
        file = key.rpartition("__")[2]
        if posixpath.splitext(file)[1] in _READERS:
            yield Document(file, value.text, value)


def _of_machine(resource: Resource) -> Iterator[Document]:
    """What a step writes, or a first start reads."""
    if resource.type == kinds.FILE:
        data = resource.props.at("sourceRaw", "data")
        if data.text.startswith("#cloud-config"):
            yield Document("cloud-config.yaml", data.text, data)
        return
    create = resource.props.at("create")
    for path, content in files(create.text).items():
        if posixpath.splitext(path)[1] in _READERS:
            yield Document(posixpath.basename(path), content, create)


def contents(resource: Resource, *wanted: str) -> Iterator[Value]:
    """What the documents of these kinds say."""
    for document in of_resource(resource):
        if document.kind in wanted:
            yield document.content


def secret_texts(resource: Resource) -> Iterator[tuple[str, Value, str]]:
    """The entries of a Secret whose content is known; what is generated is so only after the first update."""
    for field in ("stringData", "data"):
        with contextlib.suppress(UnevaluableError):
            for key, value in resource.props.at(field).entries():
                with contextlib.suppress(UnevaluableError):
                    yield key, value, decoded(value.text) if field == "data" else value.text


def decoded(text: str) -> str:
    """A text that stands in base64, "" when it is none."""
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


def of_stack(stack: Stack, *wanted: str) -> Iterator[Document]:
    """The documents of these kinds in the stack's ConfigMaps, Docker containers and steps on machines."""
    for resource in stack.of(kinds.CONFIG_MAP, kinds.DOCKER_CONTAINER, *kinds.COMMANDS):
        for document in of_resource(resource):
            if document.kind in wanted:
                yield document
