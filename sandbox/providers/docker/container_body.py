"""A container's inputs that the platform declares, and what the engine's API takes for them, as the official plugin."""

import io
import re
import tarfile
import time
from collections.abc import Mapping
from typing import Any, Final

from sandbox.providers.base import Properties
from sandbox.providers.handlers import value_at
from sandbox.providers.rules import Rule, anything, between, matching, not_empty, one_of

_MIB: Final = 1024 * 1024
_CONFIG: Final = {
    "image": "Image",
    "user": "User",
    "envs": "Env",
    "entrypoints": "Entrypoint",
    "command": "Cmd",
    "hostname": "Hostname",
}
_HOST: Final = {
    "readOnly": "ReadonlyRootfs",
    "tmpfs": "Tmpfs",
    "securityOpts": "SecurityOpt",
    "networkMode": "NetworkMode",
}
_SIZES: Final = {"memory": "Memory", "memorySwap": "MemorySwap"}

UPDATABLE: Final = ("restart", *_SIZES)
"""Inputs that the engine can change while the container stays."""

# The official plugin does not look at the environment, which images add to.
READ_BACK: Final = tuple(
    sorted({*_CONFIG, *_HOST, *_SIZES, "logDriver", "logOpts", "mustRun", "name", "restart"} - {"envs"})
)
"""Inputs that the engine is asked for."""

REPLACING: Final = (
    *("capabilities", "command", "entrypoints", "envs", "healthcheck", "hostname", "hosts", "image", "labels"),
    *("logDriver", "logOpts", "mounts", "name", "networkMode", "networksAdvanced", "ports", "readOnly"),
    *("securityOpts", "uploads", "user"),
)
"""As the official plugin's schema has it (`willReplaceOnChanges`)."""

_SECONDS: Final = re.compile("([0-9]+)s")
DURATION: Final = matching("[0-9]+s", "a number of seconds, such as 10s")

RULES: Final[Mapping[str, Rule]] = {
    "capabilities.drops[]": one_of("ALL"),
    "command[]": not_empty,
    "destroyGraceSeconds": anything,
    "entrypoints[]": not_empty,
    "envs[]": anything,
    "healthcheck.interval": DURATION,
    "healthcheck.retries": between(1),
    "healthcheck.startPeriod": DURATION,
    "healthcheck.tests[]": not_empty,
    "healthcheck.timeout": DURATION,
    "hostname": not_empty,
    "hosts[].host": not_empty,
    "hosts[].ip": not_empty,
    "image": not_empty,
    "labels[].label": not_empty,
    "labels[].value": anything,
    "logDriver": not_empty,
    "logOpts.max-file": anything,
    "logOpts.max-size": anything,
    "logOpts.tag": anything,
    "memory": between(0),
    "memorySwap": between(-1),
    "mounts[].bindOptions.propagation": one_of("private", "rprivate", "shared", "rshared", "slave", "rslave"),
    "mounts[].readOnly": anything,
    "mounts[].source": not_empty,
    "mounts[].target": not_empty,
    "mounts[].type": one_of("bind", "volume"),
    "mounts[].volumeOptions.noCopy": anything,
    "mustRun": anything,
    "name": not_empty,
    "networkMode": not_empty,
    "networksAdvanced[].aliases[]": not_empty,
    "networksAdvanced[].name": not_empty,
    "ports[].external": anything,
    "ports[].internal": anything,
    "ports[].ip": not_empty,
    "ports[].protocol": one_of("tcp", "udp"),
    "readOnly": anything,
    "restart": one_of("no", "on-failure", "always", "unless-stopped"),
    "securityOpts[]": not_empty,
    "start": anything,
    "tmpfs.*": anything,
    "uploads[].content": anything,
    "uploads[].file": not_empty,
    "uploads[].permissions": matching("0[0-7]{3}", "a mode of four octal digits that begin with 0"),
    "user": not_empty,
    "wait": anything,
    "waitTimeout": between(1),
}
NEEDED: Final = (
    "healthcheck.tests",
    "hosts[].ip",
    "name",
    "networksAdvanced[].name",
    "ports[].external",
    "ports[].ip",
    "ports[].protocol",
    "uploads[].content",
    "uploads[].permissions",
)


def body(inputs: Properties) -> Properties:
    """The request that makes the container."""
    config = _renamed(inputs, _CONFIG)
    host = {"NetworkMode": "bridge", "Init": False, **_renamed(inputs, _HOST), **_sizes(inputs)}
    host["RestartPolicy"] = restart_policy(inputs)
    host["LogConfig"] = {"Type": inputs.get("logDriver") or "", "Config": inputs.get("logOpts") or {}}
    host["Mounts"] = [_mount(mount) for mount in inputs.get("mounts") or ()]
    host["CapDrop"] = value_at(inputs, "capabilities.drops")
    host["ExtraHosts"] = [f"{each['host']}:{each['ip']}" for each in inputs.get("hosts") or ()]
    if inputs.get("labels"):
        config["Labels"] = {label["label"]: label["value"] for label in inputs["labels"]}
    if inputs.get("ports"):
        bindings: dict[str, list[Properties]] = {}
        for port in inputs["ports"]:
            published = {"HostIp": port["ip"], "HostPort": str(port["external"])}
            bindings.setdefault(f"{port['internal']}/{port['protocol']}", []).append(published)
        config["ExposedPorts"] = {port: {} for port in bindings}
        host["PortBindings"] = bindings
    if inputs.get("healthcheck"):
        config["Healthcheck"] = _health(inputs["healthcheck"])
    networks: dict[str, Properties] = {
        str(each["name"]): {"Aliases": each.get("aliases") or []} for each in inputs.get("networksAdvanced") or ()
    }
    if networks:
        # The engine joins one network at once; the official plugin leaves the default one and joins each.
        host["NetworkMode"] = next(iter(networks))
        config["NetworkingConfig"] = {"EndpointsConfig": networks}
    return {**config, "HostConfig": host}


def update_body(inputs: Properties) -> Properties:
    """The request that changes it in place."""
    return {"RestartPolicy": restart_policy(inputs), **_sizes(inputs)}


def live_inputs(inputs: Properties, container: Mapping[str, Any]) -> Properties:
    """The inputs as the engine has them now: somebody may have changed some, and its own settings add to others."""
    config, host = container["Config"], container["HostConfig"]
    live = {name: config.get(key) for name, key in _CONFIG.items()}
    live |= {name: host.get(key) for name, key in _HOST.items()}
    live |= {name: host[key] // _MIB if host[key] > 0 else host[key] for name, key in _SIZES.items()}
    live |= {
        "name": container["Name"].lstrip("/"),
        "restart": host["RestartPolicy"]["Name"],
        "logDriver": host["LogConfig"]["Type"],
        "logOpts": host["LogConfig"]["Config"],
    }
    seen = {name: live[name] for name in inputs if name in READ_BACK and name in live}
    now = {**inputs, **{name: value for name, value in seen.items() if value or inputs[name]}}
    # As the official plugin says that it stands still.
    if now.get("mustRun") is not False and not container["State"]["Running"]:
        now["mustRun"] = False
    return now


def restart_policy(inputs: Properties) -> Properties:
    """When the engine starts the container again."""
    return {"Name": inputs.get("restart") or "no", "MaximumRetryCount": 0}


def archive(upload: Mapping[str, Any]) -> bytes:
    """A file as the engine takes it: an archive that is unpacked at the container's root."""
    content = str(upload["content"]).encode()
    entry = tarfile.TarInfo(upload["file"])
    entry.mode = int(upload["permissions"], 8)
    entry.size = len(content)
    entry.mtime = int(time.time())
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _health(given: Mapping[str, Any]) -> Properties:
    """How the engine finds out whether it is healthy, with times in nanoseconds."""
    times = {"interval": "Interval", "timeout": "Timeout", "startPeriod": "StartPeriod"}
    made: Properties = {"Test": given["tests"], "Retries": int(given.get("retries") or 0)}
    for name, key in times.items():
        found = _SECONDS.fullmatch(str(given.get(name, "0s")))
        made[key] = int(found[1]) * 10**9 if found else 0
    return made


def _renamed(inputs: Mapping[str, Any], names: Mapping[str, str]) -> Properties:
    return {key: inputs[name] for name, key in names.items() if inputs.get(name) is not None}


def _sizes(inputs: Properties) -> Properties:
    """Sizes in bytes; a negative one means no limit."""
    given = _renamed(inputs, _SIZES)
    return {key: size * _MIB if size > 0 else size for key, size in given.items()}


def _mount(mount: Mapping[str, Any]) -> Properties:
    made: Properties = {
        "Type": mount["type"],
        "Target": mount["target"],
        "Source": mount["source"],
        "ReadOnly": bool(mount.get("readOnly")),
    }
    if mount.get("bindOptions"):
        made["BindOptions"] = {"Propagation": mount["bindOptions"].get("propagation") or ""}
    if mount.get("volumeOptions"):
        made["VolumeOptions"] = {"NoCopy": bool(mount["volumeOptions"].get("noCopy"))}
    return made
