"""What looks like a secret: by the name that a value is given, and by the value itself.

The pack sees values without knowing whether the program marked them secret, so it judges by looks. A value never leaves
this module: what it returns is the word for what was seen.
"""

from __future__ import annotations

import base64
import math
import re
import string
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from itertools import groupby

from .secret_shapes import SHAPES

_WORDS = frozenset(
    {
        "APIKEY",
        "CREDENTIAL",
        "CREDENTIALS",
        "CREDS",
        "DSN",
        "PASSCODE",
        "PASS",
        "PASSPHRASE",
        "PASSWD",
        "PASSWORD",
        "PASSWORT",
        "PEPPER",
        "PW",
        "PWD",
        "SALT",
        "SANDI",
        "SECRET",
        "SECRETS",
        "TOKEN",
        "WEBHOOK",
    }
)
_KEY_QUALIFIERS = frozenset(
    {
        "ACCESS",
        "ANON",
        "API",
        "AUTH",
        "ENCRYPTION",
        "HMAC",
        "JWT",
        "MASTER",
        "PRIVATE",
        "ROLE",
        "ROUTING",
        "SERVICE",
        "SIGNING",
        *("AWS", "GOOGLE", "MAILGUN", "MIDTRANS", "RESEND", "SENDGRID", "STRIPE", "TWILIO", "XENDIT"),
    }
)
# What a name ends with when its value only speaks about a secret, or says where it lies.
_ABOUT = frozenset(
    {
        "ALGORITHM",
        "AUDIENCE",
        "COUNT",
        "DAYS",
        "DIR",
        "ENABLED",
        "EXP",
        "EXPIRES",
        "EXPIRY",
        "FILE",
        "HEADER",
        "HOURS",
        "ISSUER",
        "LENGTH",
        "LIFETIME",
        "METHOD",
        "MINUTES",
        "MOUNT",
        "NAME",
        "PATH",
        "POLICY",
        "REF",
        "REQUIRED",
        "SECONDS",
        "TTL",
        "TYPE",
        "USER",
        "USERNAME",
    }
)

_ENDS = ("PASSWORD", "PASSWD", "SECRET")
"""As in PGPASSWORD."""
_NAMING = frozenset({"etcd-s3-config-secret"})
"""What holds the name of a Secret although its own says nothing of a name: options of others' programs (k3s)."""

# What is long and random but public: certificates, public keys, digests of images and of packages, embedded pictures.
_PUBLIC = re.compile(
    r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----"
    r"|s(?<=\bs)(?:sh-[a-z0-9]+ |ha(?:256|384|512)[:-])[A-Za-z0-9+/=]+"
    r"|e(?<=\be)cdsa-sha2-[a-z0-9]+ [A-Za-z0-9+/=]+"
    r"|d(?<=\bd)ata:[a-z0-9/+.-]+;base64,[A-Za-z0-9+/=]+",
    re.DOTALL,
)
"""Each begins with a literal: a regular expression skips what begins otherwise."""
_PUBLIC_HINTS = ("BEGIN CERTIFICATE", "ssh-", "ecdsa-", "sha", "base64,")
_KINDS = str.maketrans(
    {
        **dict.fromkeys(string.ascii_lowercase, "l"),
        **dict.fromkeys(string.ascii_uppercase, "u"),
        **dict.fromkeys(string.digits, "d"),
    }
)
_RUN = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{32,}={0,2}(?![A-Za-z0-9+/_=-])")
_ASSIGNED = re.compile(r"(?<![A-Za-z0-9_.-])([A-Za-z][A-Za-z0-9_.-]*)[\"']?[ \t]*[:=][ \t]*[\"']?([^\s\"'#][^\s\"']*)")


@lru_cache(maxsize=8192)
def secret_name(name: str) -> bool:
    """Whether something of this name holds a secret (`DB_PASSWORD`, `jwtSecret`), not a file or a fact about one."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).replace("-", "_").replace(".", "_").upper().split("_")
    if words[-1] in _ABOUT or "PUBLIC" in words or name in _NAMING:
        return False
    if _WORDS.intersection(words) or any(word.endswith(_ENDS) for word in words):
        return True
    return words[-1] in {"KEY", "KEYS"} and (len(words) == 1 or bool(_KEY_QUALIFIERS.intersection(words)))


def literal(text: str) -> bool:
    """Whether a value is written out, not a reference (`$VAR`, a path, a placeholder), a switch or nothing."""
    return (
        bool(text)
        and text.lower() not in {"true", "false", "null", "~"}
        and not text.startswith(("$", "/", "@/", "<", "{{"))
    )


HEX = "a random key in hex"


@lru_cache(maxsize=512)
def secret_in(text: str) -> str | None:
    """The word for the secret that a text holds, None when nothing in it looks like one."""
    if len(text) < 16:
        return None
    for word, hint, shape in SHAPES:
        if hint in text and shape.search(text):
            return word
    seen = _in_base64(text)
    if seen:
        return seen
    if _hex_key(text):
        return HEX
    if _RUN.search(text):
        private = _PUBLIC.sub(" ", text) if any(hint in text for hint in _PUBLIC_HINTS) else text
        if any(_random(run) for run in set(_RUN.findall(private))):
            return "a random key"
    return None


_BASE64 = re.compile(r"(?<![A-Za-z0-9+/=_.-])[A-Za-z0-9+/]{24,}={0,2}(?![A-Za-z0-9+/=_-])")
_HEX = re.compile(r"(?<![A-Za-z0-9:@/+_.-])(?:0x)?((?:[0-9a-f]{2}){16,}|(?:[0-9A-F]{2}){16,})(?![A-Za-z0-9+/_.-])")
_CAPITALS = re.compile(
    r"(?<![A-Za-z0-9+/_.-])(?=(?:[A-Z]*[0-9]){4})(?=(?:[0-9]*[A-Z]){8})[A-Z0-9]{32}(?![A-Za-z0-9+/_.-])"
)
_IS_A_SUM = re.compile(r"(?:sha\d*|md5|sum|digest|hash|revision|commit|REVISION|etag)", re.IGNORECASE)
_LONGEST_VALUE = 256
"""Characters of a value that could be a key; in whole documents hex is looked for by names, and alone in comments."""
_NOTED = re.compile(r"^[ \t]*(?:#|;|//)[ \t]*(?:[0-9a-f]{2}){16,}[ \t]*$", re.MULTILINE | re.IGNORECASE)


def _in_base64(text: str) -> str | None:
    """The word for a secret that stands in base64, once or twice, or in hex."""
    if len(text) > 8192:
        return None
    for run in _BASE64.findall(text):
        seen = _inside(run, base64.b64decode)
        if seen:
            return f"{seen} in base64"
    if len(text) <= _LONGEST_VALUE:
        for run in _HEX.findall(text):
            seen = _inside(run, bytes.fromhex)
            if seen:
                return f"{seen} in hex"
    return None


def _inside(run: str, read: Callable[[str], bytes]) -> str | None:
    try:
        inside = read(run).decode()
    except ValueError:
        return None
    if not inside.isprintable() and not inside.replace("\n", "").isprintable():
        return None
    for word, hint, shape in SHAPES:
        if hint in inside and shape.search(inside):
            return word
    name = assigned_secret(inside)
    return f"{name} written out" if name else _in_base64(inside)


def _hex_key(text: str) -> bool:
    """Whether a value is, or ends with, a key in hex or in capitals, and nothing says that it is a checksum."""
    if len(text) > _LONGEST_VALUE:
        return _NOTED.search(text) is not None
    if _IS_A_SUM.search(text):
        return False
    runs = _HEX.findall(text)
    return any(sum(map(run.count, string.digits)) > 4 and not run.isdigit() for run in runs) or bool(
        _CAPITALS.search(text)
    )


@lru_cache(maxsize=512)
def assigned_secret(document: str) -> str | None:
    """The name in a document (`name: value`, `NAME=value`) that looks like a secret's and has its value written out."""
    for name, value in _ASSIGNED.findall(document):
        if secret_name(name) and literal(value) and len(value) >= 4 and not value.isdigit():
            return name
    return None


def _random(run: str) -> bool:
    """Whether a run of characters is as mixed as a key; words change their kind of character less often."""
    if (
        run.islower()
        or run.isupper()
        or sum(map(run.count, string.digits)) < 2
        or run.count("/") > 4
        or run.count("-") > 3
        or run.count("_") > 3
    ):
        return False
    changes = sum(1 for _ in groupby(run.translate(_KINDS))) - 1
    if changes <= 0.45 * len(run):
        return False
    entropy = -sum(n / len(run) * math.log2(n / len(run)) for n in Counter(run).values())
    return entropy > min(4.2, 0.8 * math.log2(len(run)))
