"""Containers that the Docker engine refuses: inputs, where the fault is, and what a real engine says of it."""

from typing import Any, Final

_FILE = {"file": "/etc/a/b", "content": "c", "permissions": "0440"}
_VOLUME = {"type": "volume", "source": "some-volume", "target": "/etc/a"}

ENGINE_REFUSES: Final[dict[str, tuple[dict[str, Any], str, str]]] = {
    "a file in a root that is read-only": (
        {"readOnly": True, "uploads": [_FILE]},
        "uploads",
        "container rootfs is marked read-only",
    ),
    "a file in a volume of such a container": (
        {"readOnly": True, "uploads": [_FILE], "mounts": [{**_VOLUME, "readOnly": True}]},
        "uploads",
        "read-only",
    ),
    "too little memory": ({"memory": 5}, "memory", "Minimum memory limit allowed is 6MB"),
    "less swap than memory": ({"memory": 64, "memorySwap": 32}, "memorySwap", "memoryswap limit should be larger"),
    "swap alone": ({"memory": 0, "memorySwap": 64}, "memorySwap", "always set the Memory limit"),
    "a name of one letter": ({"name": "a"}, "name", "Invalid container name"),
    "a name with a slash": ({"name": "some/name"}, "name", "Invalid container name"),
    "two mounts in one place": ({"mounts": [_VOLUME, {**_VOLUME, "source": "other"}]}, "mounts[1].target", "Duplicate"),
    "a relative place": ({"mounts": [{**_VOLUME, "target": "etc/a"}]}, "mounts[0].target", "must be absolute|invalid"),
    "a mount over everything": ({"mounts": [{**_VOLUME, "target": "/"}]}, "mounts[0].target", "can't be '/'"),
    "a relative folder of the host": (
        {"mounts": [{"type": "bind", "source": "var/log", "target": "/logs"}]},
        "mounts[0].source",
        "must be absolute|invalid",
    ),
    "an option that no log driver has": (
        {"logDriver": "json-file", "logOpts": {"max-sizes": "1m"}},
        "logOpts.max-sizes",
        "unknown log opt",
    ),
    "no capability": ({"capabilities": {"drops": ["EVERYTHING"]}}, "capabilities.drops[0]", "nown capability"),
}
