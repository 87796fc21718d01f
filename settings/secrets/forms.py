"""The forms that secrets have: how one is told from a mistake. No value is ever kept."""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import yaml

from settings.values import HTTPS_URL

_TOKEN = re.compile(
    r"[^\s@!=]+@[A-Za-z][A-Za-z0-9._-]*![A-Za-z][A-Za-z0-9._-]+=[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
)
_PEM = re.compile(
    r"\s*-----BEGIN (?P<kind>(OPENSSH |RSA |EC |DSA )?PRIVATE KEY)-----\r?\n"
    r"(?P<body>[A-Za-z0-9+/=\s]+)-----END (?P=kind)-----\s*"
)
_OPENSSH = b"openssh-key-v1\0"
_OPENSSH_WITHOUT_PASSPHRASE = _OPENSSH + b"\0\0\0\4none"


@dataclass(frozen=True)
class Form:
    """What a secret looks like."""

    right: str
    """For the error: what would be right."""
    accepts: Callable[[str], bool]
    """Whether a value has this form."""
    lines: bool = False
    """Whether it has several lines, so that it comes from a file: a prompt takes one."""


def _is_base64(text: str) -> bool:
    return len(_decoded(text)) >= 16


def _is_private_key(text: str) -> bool:
    found = _PEM.fullmatch(text)
    if found is None:
        return False
    body = _decoded("".join(found["body"].split()))
    return bool(body) and (not body.startswith(_OPENSSH) or body.startswith(_OPENSSH_WITHOUT_PASSPHRASE))


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _is_kubeconfig(text: str) -> bool:
    try:
        content: object = yaml.safe_load(text)
    except yaml.YAMLError:
        return False
    return isinstance(content, dict) and {"clusters", "users", "contexts"} <= cast("dict[str, object]", content).keys()


def _matches(pattern: str) -> Callable[[str], bool]:
    return lambda text: re.fullmatch(pattern, text) is not None


PROXMOX_TOKEN = Form("user@realm!tokenname=uuid", lambda text: bool(_TOKEN.fullmatch(text)))
PASSWORD = Form("at least 8 printable characters", lambda text: len(text) >= 8 and text.isprintable())
TSIG = Form("base64 of at least 16 bytes, as tsig-keygen or keymgr print it", _is_base64)
PRIVATE_KEY = Form(
    "a private key in PEM or OpenSSH form, with its BEGIN and END lines and no passphrase", _is_private_key, lines=True
)
URL = Form("an https:// URL, as the service shows it when it is made", HTTPS_URL.matches)
ROUTING_KEY = Form("the 32 letters and digits of an Events API v2 integration", _matches("[0-9a-zA-Z]{32}"))
BOT_TOKEN = Form(
    "the bot's number, a colon and its key, as BotFather prints them", _matches("[0-9]{6,12}:[A-Za-z0-9_-]{30,60}")
)
JWT = Form(
    "a JWT, the bearer_token that `mc admin prometheus generate` prints",
    _matches(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+"),
)
KUBECONFIG = Form("a kubeconfig with clusters, users and contexts", _is_kubeconfig, lines=True)
