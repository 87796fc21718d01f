"""The environment of the engine and its plugins: nothing of the user's that leads them to another place than here."""

import json
import os
import site
from collections.abc import Mapping
from pathlib import Path

from sandbox.layout import PYCACHE, EngineFolder

_FOREIGN = (
    "PULUMI_",
    "KUBE",
    "MINIO_",
    "PROXMOX_",
    "PM_",
    "DOCKER_",
    "AWS_",
    "LUXIMA_",
    "HELM_",
)
"""Prefixes of variables with which the engine or a plugin could be led to a server outside."""

STATE_AT_END: Mapping[str, str] = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
"""Has the engine write the state once, instead of two or three times for each resource; it is an experiment of its."""

_LOOPBACK = "localhost,127.0.0.1,127.0.0.2,127.0.0.0/8"


def reach_loopback() -> None:
    """Keep this process from asking the user's proxy for the way to its engine and servers."""
    for name in ("no_proxy", "NO_PROXY"):
        given = os.environ.get(name, "")
        if given != "*":
            os.environ[name] = f"{given},{_LOOPBACK}" if given else _LOOPBACK


def build(
    folder: EngineFolder,
    *,
    passphrase: str,
    bundle: Path | None,
    adopt: bool = False,
    docker_hosts: Mapping[str, str] | None = None,
    state_at_end: bool = False,
    base: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The whole environment.

    Args:
        folder: The engine's folder.
        passphrase: Encrypts the secrets in the state.
        bundle: Certificate authorities to trust; the system's when None.
        adopt: Whether the Kubernetes plugin may take over an object that is there already.
        docker_hosts: URL of the engine's socket by address of the Docker host; hosts without one are recorded.
        state_at_end: Whether the engine writes the state once, and not after each step.
        base: The user's environment; this process's when None.
    """
    own = os.environ if base is None else base
    kept = {name: value for name, value in own.items() if not name.startswith(_FOREIGN)}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    made = {
        "PATH": f"{folder.bin}:{own.get('PATH', os.defpath)}",
        # Where plugins would otherwise find the user's own kubeconfig, or leave files.
        "HOME": str(folder.home),
        "TMPDIR": str(folder.temporary),
        "PYTHONUSERBASE": own.get("PYTHONUSERBASE", site.getuserbase()),
        "PYTHONPYCACHEPREFIX": str(PYCACHE),
        "NO_PROXY": _LOOPBACK,
        "no_proxy": _LOOPBACK,
        "LUXIMA_SANDBOX_DIR": str(folder.base),
        "PULUMI_HOME": str(folder.home),
        "PULUMI_BACKEND_URL": f"file://{folder.state}",
        "PULUMI_CONFIG_PASSPHRASE": passphrase,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        # The Kubernetes plugin that is built is older than the SDK's option of that name, which says the same.
        "PULUMI_K8S_ENABLE_PATCH_FORCE": "true",
    }
    if bundle is not None:
        made |= {"SSL_CERT_FILE": str(bundle), "REQUESTS_CA_BUNDLE": str(bundle)}
    if adopt:
        # Never without need: with it a plugin cannot preview the replacement of an object that is still there.
        made["PULUMI_K8S_UPSERT_EXISTING_OBJECTS"] = "true"
    if state_at_end:
        made |= STATE_AT_END
    if docker_hosts:
        made["LUXIMA_DOCKER_HOSTS"] = json.dumps(docker_hosts)
    return {**kept, **made}
