"""The forms that secrets have: how one is told from a mistake. No value is ever kept."""

import base64
import binascii
import json
import re
from typing import cast

import yaml

from settings.values import HTTPS_URL, Form

_ANY = "(?s).*"
_PEM = (
    r"\s*-----BEGIN (?P<kind>(OPENSSH |RSA |EC |DSA )?PRIVATE KEY)-----\r?\n"
    r"(?P<body>[A-Za-z0-9+/=\s]+)-----END (?P=kind)-----\s*"
)
_OPENSSH = b"openssh-key-v1\0"
_OPENSSH_WITHOUT_PASSPHRASE = _OPENSSH + b"\0\0\0\4none"


def _is_base64(text: str) -> bool:
    return len(_decoded(text)) >= 16


def _is_kms_key(text: str) -> bool:
    return len(_decoded(text)) == 32


def _is_private_key(text: str) -> bool:
    found = re.fullmatch(_PEM, text)
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


def _is_variables(text: str) -> bool:
    try:
        found: object = json.loads(text)
    except ValueError:
        return False
    if not isinstance(found, dict):
        return False
    tables = list(cast("dict[str, object]", found).values())
    return all(
        isinstance(table, dict) and all(isinstance(value, str) for value in cast("dict[str, object]", table).values())
        for table in tables
    )


PROXMOX_TOKEN = Form(
    r"[^\s@!=]+@[A-Za-z][A-Za-z0-9._-]*![A-Za-z][A-Za-z0-9._-]+=[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    "user@realm!tokenname=uuid",
)
PASSWORD = Form("(?s).{8,}", "at least 8 printable characters", str.isprintable)
ACCESS = Form(
    "[A-Za-z0-9_-]{32,128}", "32 to 128 random letters, digits, _ and -, as `openssl rand -hex 32` prints them"
)
TSIG = Form(_ANY, "base64 of at least 16 bytes, as tsig-keygen or keymgr print it", _is_base64)
KMS_KEY = Form(_ANY, "base64 of exactly 32 bytes, as `openssl rand -base64 32` prints it", _is_kms_key)
PRIVATE_KEY = Form(
    _PEM, "a private key in PEM or OpenSSH form, with its BEGIN and END lines and no passphrase", _is_private_key
)
URL = Form(HTTPS_URL.pattern, "an https:// URL, as the service shows it when it is made", HTTPS_URL.accepts)
ROUTING_KEY = Form("[0-9a-zA-Z]{32}", "the 32 letters and digits of an Events API v2 integration")
BOT_TOKEN = Form("[0-9]{6,12}:[A-Za-z0-9_-]{30,60}", "the bot's number, a colon and its key, as BotFather prints them")
JWT = Form(
    r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+",
    "a JWT, the bearer_token that `mc admin prometheus generate` prints",
)
COOLIFY_TOKEN = Form(r"[0-9]+\|[A-Za-z0-9]{40,80}", "the number, the | and the letters that Coolify shows once")
COOLIFY_VARIABLES = Form(
    _ANY, 'JSON of texts by application and variable, such as {"shop": {"API_KEY": "…"}}; {} for none', _is_variables
)
KUBECONFIG = Form(_ANY, "a kubeconfig with clusters, users and contexts", _is_kubeconfig)

OF_LINES = frozenset({PRIVATE_KEY, KUBECONFIG})
"""Forms of several lines: they come from a file, since a prompt takes one line."""
