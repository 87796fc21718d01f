"""Specs of policy/rules/containers.py."""

from __future__ import annotations

from typing import Any

from policy.rules import kinds

from .. import good
from ..spec import DROP, UNKNOWN, Spec, Wrong, but, one, wrong

_GOOD = (one(kinds.DOCKER_CONTAINER, good.DOCKER_CONTAINER),)


def _bad(place: str, value: Any, path: str) -> Wrong:
    return wrong(one(kinds.DOCKER_CONTAINER, but(good.DOCKER_CONTAINER, (place, value))), path)


SPECS = (
    Spec(
        "docker-host-access",
        passes=(
            *_GOOD,
            one(
                kinds.DOCKER_CONTAINER,
                but(good.DOCKER_CONTAINER, ("mounts", [{"type": "volume", "source": UNKNOWN, "target": "/etc/a"}])),
            ),
            one(
                kinds.DOCKER_CONTAINER, but(good.DOCKER_CONTAINER, ("mounts", [{"source": "/sys"}, {"type": "tmpfs"}]))
            ),
            one(
                kinds.DOCKER_CONTAINER,
                but(good.DOCKER_CONTAINER, ("mounts", [{"source": "/var/lib/docker/containers"}])),
            ),
        ),
        fails=(
            _bad("privileged", True, "privileged"),
            _bad("networkMode", "host", "networkMode"),
            _bad("pidMode", "host", "pidMode"),
            _bad("volumes/1", {"hostPath": "/var/run/docker.sock"}, "volumes[1].hostPath"),
            _bad("ipcMode", "host", "ipcMode"),
            _bad("mounts", [{"type": "bind", "source": "/"}], "mounts[0].source"),
            _bad("mounts", [{"source": "/run/containerd/containerd.sock"}], "mounts[0].source"),
            _bad("mounts", [{"source": "/run/podman/podman.sock"}], "mounts[0].source"),
            # A socket is reached by the folder that it is in, and a read-only mount makes no difference.
            *(
                _bad("mounts", [{"source": folder, "readOnly": True}], "mounts[0].source")
                for folder in (
                    "/run",
                    "/var/run",
                    "/var/run/",
                    "/var//run",
                    "/var",
                    "/run/docker/../",
                    "/var/lib/docker",
                )
            ),
        ),
        unknown=(
            _bad("privileged", UNKNOWN, "privileged"),
            _bad("mounts", [{"type": "bind", "source": UNKNOWN}], "mounts[0].source"),
        ),
    ),
    Spec(
        "docker-capabilities",
        passes=_GOOD,
        fails=(
            _bad("capabilities", DROP, "capabilities.drops"),
            _bad("securityOpts", ["no-new-privileges=false"], "securityOpts"),
            _bad("securityOpts", ["seccomp=unconfined"], "securityOpts"),
        ),
        unknown=(_bad("securityOpts", [UNKNOWN], "securityOpts[0]"),),
    ),
    Spec(
        "docker-bounded",
        passes=(
            *_GOOD,
            one(kinds.DOCKER_CONTAINER, but(good.DOCKER_CONTAINER, ("restart", "always"))),
            one(kinds.DOCKER_CONTAINER, but(good.DOCKER_CONTAINER, ("restart", "on-failure"))),
            one(kinds.DOCKER_CONTAINER, but(good.DOCKER_CONTAINER, ("start", False), ("restart", DROP))),
        ),
        fails=(
            _bad("memory", DROP, "memory"),
            _bad("memorySwap", DROP, "memorySwap"),
            _bad("memorySwap", -1.0, "memorySwap"),
            _bad("memorySwap", 2048.0, "memorySwap"),
            _bad("restart", "no", "restart"),
            _bad("restart", DROP, "restart"),
        ),
        unknown=(_bad("memory", UNKNOWN, "memory"),),
    ),
    Spec(
        "docker-health",
        passes=(
            *_GOOD,
            one(kinds.DOCKER_CONTAINER, but(good.DOCKER_CONTAINER, ("healthcheck/tests", ["CMD-SHELL", "true"]))),
            one(kinds.DOCKER_CONTAINER, but(good.DOCKER_CONTAINER, ("start", False), ("healthcheck", DROP))),
        ),
        fails=(
            _bad("healthcheck", DROP, "healthcheck.tests"),
            _bad("healthcheck", {"interval": "10s"}, "healthcheck.tests"),
            # So the engine is told not to ask at all.
            _bad("healthcheck/tests", ["NONE"], "healthcheck.tests"),
            _bad("healthcheck/tests", [], "healthcheck.tests"),
        ),
        unknown=(_bad("healthcheck/tests", UNKNOWN, "healthcheck.tests"),),
    ),
    Spec(
        "docker-read-only",
        passes=(*_GOOD, one(kinds.DOCKER_CONTAINER, {"image": "x:1", "start": False})),
        fails=(_bad("readOnly", False, "readOnly"), _bad("readOnly", DROP, "readOnly")),
        unknown=(_bad("readOnly", UNKNOWN, "readOnly"),),
    ),
    Spec(
        "docker-confined",
        passes=_GOOD,
        fails=(
            _bad("capabilities/adds", ["SYS_ADMIN"], "capabilities.adds[0]"),
            _bad("securityOpts", ["no-new-privileges", "seccomp=unconfined"], "securityOpts[1]"),
            _bad("usernsMode", "host", "usernsMode"),
            _bad("devices", [{"hostPath": "/dev/sda"}], "devices[0]"),
            _bad("mounts", [{"type": "bind", "source": "/sys"}], "mounts[0].readOnly"),
            _bad("mounts", [{"type": "bind", "source": "/srv", "readOnly": True}], "mounts[0].source"),
            _bad("groupAdds", ["docker"], "groupAdds"),
        ),
        unknown=(_bad("usernsMode", UNKNOWN, "usernsMode"),),
    ),
    Spec(
        "docker-non-root",
        passes=(one(kinds.DOCKER_CONTAINER, {"user": "65534:0"}), one(kinds.DOCKER_CONTAINER, {"start": False})),
        fails=(
            wrong(one(kinds.DOCKER_CONTAINER, {"user": "0:0"}), "user"),
            wrong(one(kinds.DOCKER_CONTAINER, {}), "user"),
        ),
        unknown=(wrong(one(kinds.DOCKER_CONTAINER, {"user": UNKNOWN}), "user"),),
    ),
)
