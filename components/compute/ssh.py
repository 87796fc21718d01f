"""The platform's own SSH key, with which it reaches the guests that it makes."""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization


def public_key(private_key: str) -> str:
    """Public half of an SSH private key, as one `authorized_keys` line without a comment.

    `private_key` is OpenSSH or PEM text without a passphrase. Raises ValueError, which never quotes the key.
    """
    data = private_key.strip().encode() + b"\n"
    try:
        if b"OPENSSH PRIVATE KEY" in data:
            key = serialization.load_ssh_private_key(data, password=None)
        else:
            key = serialization.load_pem_private_key(data, password=None)
        encoded = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError(
            "luxima:sshPrivateKey cannot be used; give an OpenSSH or PEM private key without a passphrase"
        ) from None
    return encoded.decode()
