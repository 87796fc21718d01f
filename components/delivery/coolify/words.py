"""An application of ours in Coolify's words, and what its answers mean of it."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

Props = dict[str, Any]
MARK: Final = "Managed by luxima, stack"
"""Beginning of the description of what is ours; the stack's name follows."""
HIDDEN: Final = ("secrets", "webhookSecret")
"""Properties whose values no output has, only a hash."""
_BY_HAND: Final = "changed by hand"


def fingerprint(owner: str, value: str) -> str:
    """A hash of a secret, from which nothing that a person would choose is guessed; another one for each owner."""
    return hashlib.scrypt(value.encode(), salt=owner.encode(), n=2**12, r=8, p=1, dklen=12).hex()


def what_of(props: Mapping[str, Any]) -> str:
    """The application, as an error names it."""
    return f"application {props['name']} in {props['environment']}"


def body(props: Props) -> Props:
    """What an application is told at its creation and at each change."""
    return {
        "name": props["name"],
        "description": f"{MARK} {props['stack']}",
        "git_repository": props["repository"],
        "git_branch": props["branch"],
        "ports_exposes": str(int(props["port"])),
        "domains": ",".join(props["domains"]),
        "is_auto_deploy_enabled": props["autoDeploy"],
        "is_force_https_enabled": True,
        # A stranger's pull request is never run beside the platform's.
        "is_preview_deployments_enabled": False,
        "health_check_enabled": True,
        "health_check_path": props["healthPath"],
        "limits_memory": f"{int(props['memoryMib'])}m",
        "limits_memory_swap": f"{int(props['memoryMib'])}m",
        "post_deployment_command": props.get("postDeployment") or "",
        "manual_webhook_secret_github": props["webhookSecret"],
    }


def entry(key: str, value: str, *, secret: bool) -> Props:
    """A variable as Coolify takes it; without a flag a secret would reach the build."""
    return {
        "key": key,
        "value": value,
        "is_preview": False,
        "is_literal": True,
        "is_multiline": "\n" in value,
        "is_shown_once": secret,
        "is_runtime": True,
        "is_buildtime": not secret,
    }


def readable_copy(each: Mapping[str, Any], secrets: Mapping[str, str]) -> bool:
    """Whether it is the copy of a secret for previews, and not emptied yet."""
    return bool(each["is_preview"]) and each["key"] in secrets and not each["is_shown_once"]


def hashes_of(props: Mapping[str, Any]) -> dict[str, str]:
    """Of each secret by its name, and of the webhook's."""
    name = str(props["name"])
    found = {key: fingerprint(f"{name} {key}", value) for key, value in props["secrets"].items()}
    return {**found, "webhook": fingerprint(name, props["webhookSecret"])}


def seen_of(entries: Sequence[Mapping[str, Any]], props: Props) -> tuple[Props, dict[str, str]]:
    """Variables and hashes as they are now, from what the state knows of them."""
    times, hashes = props.get("times", {}), dict(props.get("hashes", {}))
    own = {each["key"]: each for each in entries if not each["is_preview"] and not each.get("is_coolify")}
    copied = {each["key"] for each in entries if readable_copy(each, hashes)}
    variables: Props = {}
    for key, each in own.items():
        secret = key in hashes
        same = each["updated_at"] == times.get(key) and each["is_buildtime"] != secret and key not in copied
        by_hand = f"{_BY_HAND}, {each['updated_at']}"
        if secret:
            hashes[key] = hashes[key] if same else by_hand
        else:
            variables[key] = props["variables"][key] if same and key in props["variables"] else by_hand
    return variables, {key: value for key, value in hashes.items() if key in own or key == "webhook"}


def mebibytes(text: str) -> int:
    """A memory limit as a number; 0 for what is none of ours."""
    number = text.rstrip("mM")
    return int(number) if number.isdigit() else 0
