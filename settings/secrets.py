"""The secrets a stack needs. Only *which* of them are set is known here: no value is ever kept."""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass

from settings.values import Area

_TOKEN = re.compile(
    r"[^\s@!=]+@[A-Za-z][A-Za-z0-9._-]*![A-Za-z][A-Za-z0-9._-]+=[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)
_PEM = re.compile(
    r"\s*-----BEGIN (?P<kind>(OPENSSH |RSA |EC |DSA )?PRIVATE KEY)-----\r?\n"
    r"[A-Za-z0-9+/=\s]+-----END (?P=kind)-----\s*"
)


def _is_token(text: str) -> bool:
    return _TOKEN.fullmatch(text) is not None


def _is_password(text: str) -> bool:
    return len(text) >= 8 and text.isprintable()


def _is_base64(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) >= 16
    except (binascii.Error, ValueError):
        return False


def _is_private_key(text: str) -> bool:
    return _PEM.fullmatch(text) is not None


def _is_kubeconfig(text: str) -> bool:
    return all(re.search(rf"^\W*{key}\W*:", text, re.MULTILINE) for key in ("clusters", "users", "contexts"))


@dataclass(frozen=True)
class Secret:
    """One secret of the configuration: its key under `luxima:` and the form it has to have."""

    key: str
    purpose: str
    right: str
    accepts: Callable[[str], bool]
    modes: frozenset[str] = frozenset({"k3s", "existing"})
    """Modes of `kubernetes` in which the secret is needed; in another one it may not be set."""


SECRETS = (
    Secret(
        "proxmoxApiToken",
        "API token with which Proxmox is spoken to",
        "user@realm!tokenname=uuid, as Proxmox prints it when the token is made",
        _is_token,
    ),
    Secret(
        "minioRootPassword",
        "password of storage.root_user",
        "at least 8 printable characters (MinIO's limit)",
        _is_password,
    ),
    Secret(
        "dnsTsigSecret",
        "secret of the TSIG key dns.tsig",
        "base64 of at least 16 bytes, as tsig-keygen or keymgr print it",
        _is_base64,
    ),
    Secret(
        "sshPrivateKey",
        "private key with which the guests are logged in to",
        "a private key in PEM or OpenSSH form, with its BEGIN and END lines and no passphrase",
        _is_private_key,
    ),
    Secret(
        "kubeconfig",
        "kubeconfig of the existing cluster",
        "a kubeconfig with clusters, users and contexts",
        _is_kubeconfig,
        frozenset({"existing"}),
    ),
)


class SecretsSet(Area):
    """Which secrets are set."""

    keys: frozenset[str] = frozenset()
    """Keys under `luxima:`, such as minioRootPassword."""
