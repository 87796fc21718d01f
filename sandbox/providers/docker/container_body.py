"""A container's inputs: their checks, and what the engine's API takes for them, as the official plugin has it."""

import base64
import io
import re
import tarfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sandbox.providers.base import Properties
from sandbox.providers.rules import Failures, Rule, between, failures, matching, not_empty, one_of, values_at

_MIB: Final = 1024 * 1024
_CONFIG: Final = {
    "image": "Image",
    "hostname": "Hostname",
    "domainname": "Domainname",
    "user": "User",
    "workingDir": "WorkingDir",
    "stopSignal": "StopSignal",
    "stopTimeout": "StopTimeout",
    "tty": "Tty",
    "stdinOpen": "OpenStdin",
    "envs": "Env",
    "command": "Cmd",
    "entrypoints": "Entrypoint",
}
_HOST: Final = {
    "privileged": "Privileged",
    "publishAllPorts": "PublishAllPorts",
    "readOnly": "ReadonlyRootfs",
    "rm": "AutoRemove",
    "tmpfs": "Tmpfs",
    "dns": "Dns",
    "dnsOpts": "DnsOptions",
    "dnsSearches": "DnsSearch",
    "securityOpts": "SecurityOpt",
    "networkMode": "NetworkMode",
    "usernsMode": "UsernsMode",
    "pidMode": "PidMode",
    "ipcMode": "IpcMode",
    "sysctls": "Sysctls",
    "groupAdds": "GroupAdd",
    "init": "Init",
    "cgroupParent": "CgroupParent",
    "cgroupnsMode": "CgroupnsMode",
    "cpuShares": "CpuShares",
    "cpuSet": "CpusetCpus",
}
_SIZES: Final = {
    "memory": "Memory",
    "memoryReservation": "MemoryReservation",
    "memorySwap": "MemorySwap",
    "shmSize": "ShmSize",
}
_OTHER: Final = (
    "capabilities containerReadRefreshTimeoutMilliseconds cpus destroyGraceSeconds healthcheck hosts labels logDriver "
    "logOpts maxRetryCount mounts mustRun name networksAdvanced ports removeVolumes restart start uploads ulimits "
    "wait waitTimeout"
)
_KNOWN: Final = frozenset((*_CONFIG, *_HOST, *_SIZES, *_OTHER.split()))

UPDATABLE: Final = ("restart", "maxRetryCount", "cpuShares", "memory", "memoryReservation", "memorySwap", "cpuSet")
"""Inputs that the engine can change while the container stays."""

_DURATION: Final = r"(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+"
_DURATION_RULE: Final = matching(_DURATION, "a duration as in 1m30s")
_RULES: Final[dict[str, Rule]] = {
    "restart": matching("no|on-failure|always|unless-stopped", "one of no, on-failure, always, unless-stopped"),
    "command[]": not_empty,
    "mounts[].type": one_of("bind", "volume", "tmpfs"),
    "mounts[].bindOptions.propagation": one_of("private", "rprivate", "shared", "rshared", "slave", "rslave"),
    "uploads[].permissions": matching("0[0-7]{3}", "a mode of four octal digits that begin with 0"),
    "memory": between(0),
    "memoryReservation": between(0),
    "memorySwap": between(-1),
    "shmSize": between(0),
    "cpuShares": between(0),
    "cpuSet": matching(r"\d+([,-]\d+)*", "a list of processors as in 0-2,4"),
    "healthcheck.interval": _DURATION_RULE,
    "healthcheck.timeout": _DURATION_RULE,
    "healthcheck.startPeriod": _DURATION_RULE,
    "healthcheck.retries": between(0),
}
_CONTENTS: Final = ("content", "contentBase64", "source")


def container_failures(inputs: Properties) -> Failures:
    """What is wrong with the inputs before any engine sees them."""
    found = failures(_RULES, inputs)
    found += [
        (key, "the local docker provider does not set this; use the official plugin")
        for key in sorted(set(inputs) - _KNOWN)
        if not key.startswith("__")
    ]
    return found + [
        (at, f"give exactly one of {', '.join(_CONTENTS)}")
        for at, upload in values_at("uploads[]", inputs)
        if sum(bool(upload.get(name)) for name in _CONTENTS) != 1
    ]


def body(inputs: Properties) -> Properties:
    """The request that makes the container."""
    config = _renamed(inputs, _CONFIG)
    host = {"NetworkMode": "bridge", "Init": False, **_renamed(inputs, _HOST), **_sizes(inputs)}
    host["RestartPolicy"] = restart_policy(inputs)
    host["LogConfig"] = {"Type": inputs.get("logDriver") or "", "Config": inputs.get("logOpts") or {}}
    host["Mounts"] = [_mount(mount) for mount in inputs.get("mounts") or ()]
    host["ExtraHosts"] = [f"{entry['host']}:{entry['ip']}" for entry in inputs.get("hosts") or ()]
    host["Ulimits"] = [
        {"Name": limit["name"], "Soft": limit["soft"], "Hard": limit["hard"]} for limit in inputs.get("ulimits") or ()
    ]
    capabilities: Properties = inputs.get("capabilities") or {}
    host |= {"CapAdd": capabilities.get("adds"), "CapDrop": capabilities.get("drops")}
    if inputs.get("cpus"):
        host["NanoCpus"] = int(float(inputs["cpus"]) * 1e9)
    if inputs.get("labels"):
        config["Labels"] = {label["label"]: label["value"] for label in inputs["labels"]}
    if inputs.get("ports"):
        bindings = _bindings(inputs["ports"])
        config["ExposedPorts"] = {port: {} for port in bindings}
        host["PortBindings"] = bindings
    if inputs.get("healthcheck"):
        config["Healthcheck"] = _healthcheck(inputs["healthcheck"])
    return {**config, "HostConfig": host}


def update_body(inputs: Properties) -> Properties:
    """The request that changes it in place."""
    renamed = _renamed(inputs, {"cpuShares": "CpuShares", "cpuSet": "CpusetCpus"})
    sizes = {name: size for name, size in _sizes(inputs).items() if name != "ShmSize"}
    return {"RestartPolicy": restart_policy(inputs), **renamed, **sizes}


def live_inputs(inputs: Properties, container: Mapping[str, Any]) -> Properties:
    """The inputs as the engine has them now: somebody may have changed some, and its own settings add to others."""
    config, host = container["Config"], container["HostConfig"]
    # The official plugin does not look at the environment, which images add to.
    live = {name: config.get(key) for name, key in _CONFIG.items() if name != "envs"}
    live |= {name: host.get(key) for name, key in _HOST.items()}
    live |= {name: host[key] // _MIB if host[key] > 0 else host[key] for name, key in _SIZES.items()}
    live |= {
        "name": container["Name"].lstrip("/"),
        "restart": host["RestartPolicy"]["Name"],
        "maxRetryCount": host["RestartPolicy"]["MaximumRetryCount"],
        "logDriver": host["LogConfig"]["Type"],
        "logOpts": host["LogConfig"]["Config"],
    }
    if str(inputs["image"]).startswith("sha256:"):
        live["image"] = container["Image"]
    changed = {name: live[name] for name, value in inputs.items() if name in live and (value or live[name])}
    return {**inputs, **changed}


def restart_policy(inputs: Properties) -> Properties:
    """When the engine starts the container again."""
    return {"Name": inputs.get("restart") or "no", "MaximumRetryCount": inputs.get("maxRetryCount") or 0}


def archive(upload: Mapping[str, Any]) -> bytes:
    """A file as the engine takes it: an archive that is unpacked at the container's root."""
    if upload.get("contentBase64"):
        content = base64.b64decode(upload["contentBase64"])
    elif upload.get("source"):
        content = Path(upload["source"]).read_bytes()
    else:
        content = str(upload["content"]).encode()
    entry = tarfile.TarInfo(upload["file"])
    entry.mode = int(upload.get("permissions") or ("0744" if upload.get("executable") else "0644"), 8)
    entry.size = len(content)
    entry.mtime = int(time.time())
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def endpoint(network: Mapping[str, Any]) -> Properties:
    """How a container is in a network."""
    renamed = {"ipv4Address": "IPv4Address", "ipv6Address": "IPv6Address", "linkLocalIps": "LinkLocalIPs"}
    return {"Aliases": network.get("aliases") or [], "IPAMConfig": _renamed(network, renamed)}


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
        "Source": mount.get("source") or "",
        "ReadOnly": bool(mount.get("readOnly")),
    }
    if mount.get("bindOptions"):
        made["BindOptions"] = {"Propagation": mount["bindOptions"].get("propagation") or ""}
    if mount.get("tmpfsOptions"):
        made["TmpfsOptions"] = _renamed(mount["tmpfsOptions"], {"sizeBytes": "SizeBytes", "mode": "Mode"})
    if mount.get("volumeOptions"):
        options = mount["volumeOptions"]
        labels = {label["label"]: label["value"] for label in options.get("labels") or ()}
        made["VolumeOptions"] = {
            "NoCopy": bool(options.get("noCopy")),
            "Labels": labels,
            "DriverConfig": {"Name": options.get("driverName") or "", "Options": options.get("driverOptions") or {}},
            "Subpath": options.get("subpath") or "",
        }
    return made


def _bindings(ports: list[Mapping[str, Any]]) -> dict[str, list[Properties]]:
    bindings: dict[str, list[Properties]] = {}
    for port in ports:
        external = str(port["external"]) if port.get("external") else ""
        place = {"HostIp": port.get("ip") or "0.0.0.0", "HostPort": external}  # noqa: S104 - the official default
        bindings.setdefault(f"{port['internal']}/{port.get('protocol') or 'tcp'}", []).append(place)
    return bindings


def _healthcheck(check: Mapping[str, Any]) -> Properties:
    durations = {"interval": "Interval", "timeout": "Timeout", "startPeriod": "StartPeriod"}
    return {
        "Test": check.get("tests") or [],
        "Retries": check.get("retries") or 0,
        **{key: _nanoseconds(check[name]) for name, key in durations.items() if check.get(name)},
    }


_UNITS: Final = {"ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9}


def _nanoseconds(duration: str) -> int:
    parts = re.findall(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)", duration)
    return int(sum(float(number) * _UNITS[unit] for number, unit in parts))
