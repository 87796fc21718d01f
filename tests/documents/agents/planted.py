"""Made-up secrets in lines as programs write them, and lines that only look like it."""

from typing import Final

_JWT: Final = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
_BEARER: Final = "mF_9.B5f-4.1JqMabcdef0123"
_KEY: Final = "AKIA" + "IOSFODNN7EXAMPLE"
_HOOK: Final = "T00000000/B00000000/" + "X" * 24
_GITHUB: Final = "ghp_" + "a1B2" * 9

PEM: Final = (
    "-----BEGIN RSA PRIVATE KEY-----\n"
    "MIICXQIBAAKBgQDlOJu6TyygqxfWT7eLtGDwajtNFOb9I5XRb6khyfD1Yt3YiCgQ\n"
    "WMNW649887VGJiGr/L5i2osbl8C9+WJTeucF+S76xFxdU6jE0NQ+Z+zEdhUTooNR\n"
    "aY5nZiu5PgDB0ED/ZKBUSLKL7eibMxZtMlUDHjm4gwQco1KRMDSmXSMkDwIDAQ==\n"
    "-----END RSA PRIVATE KEY-----"
)

FOUND_BY: Final[dict[str, tuple[str, str]]] = {
    "private key": (f"key is {PEM.replace(chr(10), ' ')} and more", "MIICXQIBAAKBgQDlOJu6TyygqxfWT7eLtGDwajtN"),
    "base64 line": (PEM.splitlines()[1], "MIICXQIBAAKBgQDlOJu6"),
    "JSON value": ('{"db_password": "correct horse, battery"}', "correct horse, battery"),
    "escaped JSON value": (r'{"message": "{\"apiKey\": \"correct horse battery\"}"}', "correct horse battery"),
    "base64 message": (f'{{"MESSAGE": "{PEM.splitlines()[2]}"}}', PEM.splitlines()[2]),
    "basic credentials": ("curl with basic dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNzd29yZA=="),
    "header": ("Cookie: session=0123456789; theme=dark-secret", "dark-secret"),
    "bearer token": (f"curl with Bearer {_BEARER} failed", _BEARER),
    "JSON Web Token": (f"cannot parse {_JWT}", _JWT),
    "quoted assignment": ("DB_PASSWORD='correct horse battery'", "horse battery"),
    "assignment": ("GET /cb?access_token=4f5d6e7a8b&state=1", "4f5d6e7a8b"),
    "SQL": ("LOG:  statement: ALTER ROLE luxima_monitor PASSWORD 'hunter2000'", "hunter2000"),
    "spoken": ("the new password: hunter2000 was set", "hunter2000"),
    "user in a URL": ("postgres://app:hunter2000@10.0.0.1:5432/app", "hunter2000"),
    "access key id": (f"key {_KEY} is unknown", _KEY),
    "token of a service": (f"push with {_GITHUB} refused", _GITHUB),
    "web hook": (f"POST https://hooks.slack.com/services/{_HOOK}", _HOOK),
}
"""By the pattern that finds it: a line, and what must not be left of it."""

LINES: Final = [
    *FOUND_BY.values(),
    (f"authorization: Bearer {_BEARER}", _BEARER),
    ("Authorization=Basic dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNzd29yZA=="),
    ("Authorization=Basic dXNlcjpwYXNzd29yZAx", "dXNlcjpwYXNzd29yZAx"),
    ("password=hunter2000", "hunter2000"),
    ("MINIO_SECRET_KEY=abc/def+ghi", "abc/def+ghi"),
]

HARMLESS: Final = (
    "login failed for user_123: wrong password",
    '{"reason":"password","event":"login_failed","token_count":3}',
    "GET /tokens/list?page=2 HTTP/1.1",
    "certificate of api.acehcommerce.id expires in 20 days",
    "image sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 pulled",
    "trace 0af7651916cd43dd8448eb211c80319c took 12 ms",
    "https://api.acehcommerce.id:443/orders?id=1@home",
    "10:00:01 basic settings loaded",
)
"""Lines that stay as they are."""
