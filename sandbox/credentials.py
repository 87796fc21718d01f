"""The secrets of one stack's sandbox: made once, kept in one file that only this user may read."""

import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from sandbox.faults import SandboxError
from sandbox.tls import write_private
from settings.secrets import SECRETS, forms
from settings.values import Form

_NEVER = 4_102_444_800
"""The year 2100, in seconds since 1970."""

_PASSPHRASE = "passphrase"  # noqa: S105 - a name
"""What only the sandbox needs, beside the stack's secrets."""
_KEPT = (_PASSPHRASE, "minioKmsKey", "proxmoxApiToken", "minioRootPassword", "dnsTsigSecret", "sshPrivateKey")
"""What the stack's data depends on: it cannot be made anew. What an older version of the program did not need can."""


def _password() -> str:
    return secrets.token_urlsafe(24)


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def private_key() -> str:
    """A new SSH key, OpenSSH text."""
    key = ed25519.Ed25519PrivateKey.generate()
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
    return key.private_bytes(*form).decode()


_MAKERS: Mapping[Form, Callable[[], str]] = {
    forms.PROXMOX_TOKEN: lambda: f"root@pam!luxima={uuid.uuid4()}",
    forms.PASSWORD: _password,
    forms.ACCESS: lambda: secrets.token_hex(32),
    forms.TSIG: _key,
    forms.KMS_KEY: _key,
    forms.PRIVATE_KEY: private_key,
    # Nobody is told anything from a sandbox: this name is reserved (RFC 6761) and leads nowhere.
    forms.URL: lambda: f"https://outside.invalid/{secrets.token_urlsafe(24)}",
    forms.ROUTING_KEY: lambda: secrets.token_hex(16),
    forms.BOT_TOKEN: lambda: f"{secrets.randbelow(9 * 10**8) + 10**8}:{secrets.token_urlsafe(26)}",
    forms.COOLIFY_TOKEN: lambda: f"1|{secrets.token_hex(24)}",
    forms.COOLIFY_VARIABLES: lambda: "{}",
}
"""How a secret of a form is made; what follows from others, or comes with the cluster, is not made here."""


@dataclass(frozen=True)
class Credentials:
    """Every secret that the sandbox needs; `repr` shows none of them."""

    values: Mapping[str, str]
    """Every value, by name."""

    def __repr__(self) -> str:
        return "Credentials(…)"

    @property
    def passphrase(self) -> str:
        """Encrypts the secrets in the state and in the copied stack file."""
        return self.values[_PASSPHRASE]

    @property
    def stack(self) -> Mapping[str, str]:
        """The stack's secrets, by key."""
        return {key: value for key, value in self.values.items() if key != _PASSPHRASE}

    def stack_config(self, minio_root_user: str) -> dict[str, str]:
        """The secrets as the stack's configuration knows them (`pulumi config set --secret`)."""
        token = metrics_token(minio_root_user, self.stack["minioRootPassword"])
        # The other site is the sandbox's own server, too.
        other = hashlib.sha256(self.stack["minioRootPassword"].encode()).hexdigest()
        site = {"offSiteKey": self.stack["minioRootPassword"], "offSitePassphrase": other}
        known = {**self.stack, "minioMetricsToken": token, **site}
        return {f"luxima:{key}": value for key, value in known.items()}


def metrics_token(user: str, password: str) -> str:
    """What MinIO wants from who reads its metrics: a JWT (RFC 7519) as `mc admin prometheus generate` makes it."""
    parts = ({"alg": "HS512", "typ": "JWT"}, {"exp": _NEVER, "sub": user, "iss": "prometheus"})
    signed = ".".join(_base64url(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    signature = hmac.digest(password.encode(), signed.encode(), "sha512")
    return f"{signed}.{_base64url(signature)}"


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def make() -> Credentials:
    """New random secrets."""
    made = {secret.key: _MAKERS[secret.form]() for secret in SECRETS if secret.form in _MAKERS}
    return Credentials({_PASSPHRASE: _password(), **made})


def load_or_make(path: Path) -> Credentials:
    """The stack's secrets, with the user's own passphrase where the environment has one.

    Raises:
        SandboxError: When the file is there but cannot be used.
    """
    if path.exists():
        again = f"put it back, or run make clean STACK={path.parent.name} and make up to start anew"
        try:
            written = cast("dict[str, object]", json.loads(path.read_text(encoding="utf-8")))
            # An older version of the program wrote the names with underlines.
            content = {re.sub("_(.)", lambda found: found[1].upper(), key): each for key, each in written.items()}
            missing = [name for name in _KEPT if not _is_text(content.get(name))]
        except (OSError, ValueError, AttributeError) as error:
            raise SandboxError(
                f"{path} cannot be read ({type(error).__name__}); without its secrets the stack's data is lost: {again}"
            ) from error
        if missing:
            raise SandboxError(f"{path} has no {', '.join(missing)}; without it the stack's data is lost: {again}")
        kept = {key: value for key, value in content.items() if isinstance(value, str) and value}
        made = Credentials({name: kept.get(name, value) for name, value in make().values.items()})
        if made.values != written:
            _write(path, made)
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
    else:
        made = make()
        _write(path, made)
    own = user_passphrase()
    return made if own is None else Credentials({**made.values, _PASSPHRASE: own})


def _write(path: Path, made: Credentials) -> None:
    write_private(path, json.dumps(made.values, indent=1).encode())


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def user_passphrase() -> str | None:
    """The passphrase that the user set for the engine, if any.

    Raises:
        SandboxError: When PULUMI_CONFIG_PASSPHRASE_FILE names a file that cannot be read.
    """
    if "PULUMI_CONFIG_PASSPHRASE" in os.environ:
        return os.environ["PULUMI_CONFIG_PASSPHRASE"]
    file = os.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    if not file:
        return None
    try:
        return Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise SandboxError(f"PULUMI_CONFIG_PASSPHRASE_FILE: {file} cannot be read ({error.strerror})") from error
