"""The copy of project and stack file that the engine reads: with the sandbox's endpoints and secrets, else as it is."""

import ipaddress
import json
from collections.abc import Mapping
from typing import Any, cast

import yaml

from sandbox.faults import SandboxError
from sandbox.layout import EngineFolder, Layout
from sandbox.sealing import Seal
from sandbox.tls import write_private

Config = dict[str, Any]
"""The `config` of a stack file."""

Endpoints = Mapping[str, Mapping[str, Any]]
"""Settings to put in, by area and field."""


def read_config(layout: Layout) -> Config:
    """The configuration as it is committed.

    Raises:
        SandboxError: When there is no such stack or its file is no YAML.
    """
    path = layout.committed_stack_file
    if not path.exists():
        raise layout.unknown()
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise SandboxError(f"{path.name} is not YAML: {' '.join(str(error).split())}") from error
    config = cast("object", document.get("config") if isinstance(document, dict) else None)  # pyright: ignore[reportUnknownMemberType] - YAML is anything
    if not isinstance(config, dict):
        raise SandboxError(f"{path.name} has no `config:`; compare it with Pulumi.dev.yaml")
    return {str(key): value for key, value in cast("dict[object, Any]", config).items() if not is_sealed(value)}


def storage_root_user(config: Config) -> str:
    """The object storage's administrator; settings that lack him are refused by the program, with a sentence."""
    storage = config.get("luxima:storage")
    return str(cast("dict[str, Any]", storage).get("root_user", "")) if isinstance(storage, dict) else ""


def is_sealed(value: object) -> bool:
    """Whether a value of the configuration is a secret that the user set for a real deployment; not used here."""
    return isinstance(value, dict) and set(cast("dict[object, object]", value)) == {"secure"}


def flat(config: Config, secrets: Mapping[str, str]) -> dict[str, str]:
    """The configuration as the engine hands it to the program: text, structures as JSON."""
    plain = {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
    return {**plain, **secrets}


def with_endpoints(config: Config, endpoints: Endpoints) -> Config:
    """The configuration with other endpoints; nothing else changes."""
    changed = dict(config)
    for area, fields in endpoints.items():
        changed[f"luxima:{area}"] = {**config[f"luxima:{area}"], **fields}
    return changed


def with_nodes(config: Config, first: str) -> Config:
    """The configuration with its Proxmox hosts on loopback, where no stranger is: the official plugin logs in to them.

    Args:
        config: The configuration.
        first: Address of the first host; each has one of its own, as the settings want it.
    """
    nodes = {
        name: {**node, "address": str(ipaddress.IPv4Address(first) + index)}
        for index, (name, node) in enumerate(config["luxima:compute"]["nodes"].items())
    }
    return with_endpoints(config, {"compute": {"nodes": nodes}})


def with_installed(config: Config) -> Config:
    """The configuration with third-party controllers taken as being there: the sandbox plays them."""
    certificates = config["luxima:edge"]["certificates"]
    return with_endpoints(config, {"edge": {"certificates": {**certificates, "controller": "installed"}}})


def with_object_storage(config: Config) -> Config:
    """The configuration with its buckets on the sandbox's own MinIO, which a container cannot be before the cluster is.

    The server that the stack brings runs beside it, and nobody is led to it.
    """
    server = config["luxima:storage"]["server"]
    beside = {**server, "mode": "beside"} if server["mode"] == "deployed" else server
    return with_endpoints(config, {"storage": {"server": beside}})


def previous_salt(engine: EngineFolder) -> str | None:
    """The salt under which the stack's secrets are encrypted, when there is one already."""
    try:
        document = yaml.safe_load(engine.stack_file.read_text(encoding="utf-8"))
        if document and document.get("encryptionsalt"):
            return str(document["encryptionsalt"])
    except (OSError, yaml.YAMLError):
        pass
    try:
        checkpoint = json.loads(engine.checkpoint.read_text(encoding="utf-8"))["checkpoint"]
        return str(checkpoint["latest"]["secrets_providers"]["state"]["salt"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(layout: Layout, engine: EngineFolder, config: Config, secrets: Mapping[str, str], seal: Seal) -> None:
    """Write both copies; sealed values that are still right are kept, so that nothing changes without need."""
    engine.project.mkdir(mode=0o700, parents=True, exist_ok=True)
    project = yaml.safe_load((layout.root / "Pulumi.yaml").read_text(encoding="utf-8"))
    # Relative paths in the project file mean the checkout.
    project["main"] = str(layout.root)
    _write(engine.project / "Pulumi.yaml", project)
    old = _old(engine)
    sealed = {key: {"secure": _sealed(value, old.get(key), seal)} for key, value in secrets.items()}
    _write(engine.stack_file, {"encryptionsalt": seal.salt, "config": {**config, **sealed}})


def _sealed(value: str, old: object, seal: Seal) -> str:
    if isinstance(old, dict):
        text = str(cast("dict[str, Any]", old).get("secure", ""))
        try:
            if seal.open(text) == value:
                return text
        except ValueError:
            pass
    return seal.close(value)


def _old(engine: EngineFolder) -> dict[str, Any]:
    try:
        return dict(yaml.safe_load(engine.stack_file.read_text(encoding="utf-8"))["config"])
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        return {}


def _write(path: Any, document: object) -> None:
    content = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=10_000).encode()
    if not path.exists() or path.read_bytes() != content:
        write_private(path, content)
