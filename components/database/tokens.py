"""Tokens and keys of Supabase's API: JSON Web Tokens (RFC 7519) that are the same for the same key and day."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Literal

from settings.database import KEY_YEARS

Role = Literal["anon", "service_role"]


def token(secret: str, day: str, role: Role) -> str:
    """Token of an application: made on `day`, good for KEY_YEARS.

    Args:
        secret: Key that signs it.
        day: Day on which that key was made; also its id in the key set.
        role: Role in PostgreSQL that it stands for.
    """
    made = date.fromisoformat(day)
    issued = datetime(made.year, made.month, made.day, tzinfo=UTC)
    # The 29th of February has no anniversary.
    ends = issued.replace(year=issued.year + KEY_YEARS, day=min(issued.day, 28))
    claims = {"role": role, "iss": "supabase", "iat": int(issued.timestamp()), "exp": int(ends.timestamp())}
    signed = f"{_encoded({'alg': 'HS256', 'typ': 'JWT', 'kid': day})}.{_encoded(claims)}"
    return f"{signed}.{_base64(hmac.digest(secret.encode(), signed.encode(), hashlib.sha256))}"


def key_list(secrets: Mapping[str, str]) -> list[dict[str, Any]]:
    """JSON Web Keys (RFC 7517) of secrets by day: the first signs, all are accepted. They hold the secrets."""
    return [
        {
            "kty": "oct",
            "k": _base64(secret.encode()),
            "alg": "HS256",
            "kid": day,
            "use": "sig",
            "key_ops": ["verify"] if index else ["sign", "verify"],
        }
        for index, (day, secret) in enumerate(secrets.items())
    ]


def _encoded(part: Mapping[str, Any]) -> str:
    return _base64(json.dumps(part, separators=(",", ":")).encode())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
