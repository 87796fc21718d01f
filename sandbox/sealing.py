"""Encrypt configuration values as the engine's passphrase secrets provider does.

`pulumi config set --secret` would do the same, one process and one key derivation per value. The form is the engine's
"v1" (`sdk/go/common/resource/config/crypt.go`): AES-256-GCM under PBKDF2-HMAC-SHA256 of the passphrase with one million
rounds; the salt's line carries the word "pulumi", encrypted, by which a passphrase is checked.
"""

import base64
import hashlib
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_ROUNDS = 1_000_000
_CHECK = "pulumi"


@dataclass(frozen=True)
class Seal:
    """A derived key and the salt's line that goes with it."""

    salt: str
    """The stack file's `encryptionsalt`."""
    key: bytes

    def __repr__(self) -> str:
        return "Seal(…)"

    def close(self, value: str) -> str:
        """A value's `secure:` form."""
        nonce = os.urandom(12)
        sealed = AESGCM(self.key).encrypt(nonce, value.encode(), None)
        return f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(sealed).decode()}"

    def open(self, sealed: str) -> str:
        """A value from its `secure:` form.

        Raises:
            ValueError: When it was not sealed with this key.
        """
        version, nonce, content = sealed.split(":")
        if version != "v1":
            raise ValueError(f"unknown form {version}")
        try:
            return AESGCM(self.key).decrypt(base64.b64decode(nonce), base64.b64decode(content), None).decode()
        except InvalidTag as error:
            raise ValueError("sealed with another passphrase") from error


def new(passphrase: str) -> Seal:
    """A seal with a salt of its own."""
    salt = os.urandom(8)
    key = _derive(passphrase, salt)
    check = Seal("", key).close(_CHECK)
    return Seal(f"v1:{base64.b64encode(salt).decode()}:{check}", key)


def reuse(passphrase: str, line: str) -> Seal:
    """The seal of an existing salt's line.

    Raises:
        ValueError: When the passphrase is another one.
    """
    version, salt, check = line.split(":", 2)
    if version != "v1":
        raise ValueError(f"unknown form {version}")
    seal = Seal(line, _derive(passphrase, base64.b64decode(salt)))
    if seal.open(check) != _CHECK:
        raise ValueError("sealed with another passphrase")
    return seal


def _derive(passphrase: str, salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", passphrase.encode(), salt, _ROUNDS, 32)
