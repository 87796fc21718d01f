"""Made-up secrets in lines as programs write them, and lines that only look like it."""

from typing import Final

_JWT: Final = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
_BEARER: Final = "mF_9.B5f-4.1JqMabcdef0123"
_KEY: Final = "AKIA" + "IOSFODNN7EXAMPLE"
_HOOK: Final = "T00000000/B00000000/" + "X" * 24
_BOT: Final = "1234567890:" + "AAE4x" * 7
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
    "headers as lists": ('{"headers":{"cookie":["a=1","sb=abc123def"]}}', "abc123def"),
    "header and value": ('{"name":"Authorization","value":"Token abc123def"}', "abc123def"),
    "quoted header": ("{'authorization': 'Token abc123def'}", "abc123def"),
    "JSON header": ('{"X-Hub-Signature-256":"sha256=0123abcd"}', "0123abcd"),
    "code as a number": ('{"otp":482913,"to":"user_1"}', "482913"),
    "escaped code as a number": (r'{"message":"{\"otp\":482913}"}', "482913"),
    "header in a URL": ("GET /?h=Authorization%3A%20Bearer%20abc123def", "abc123def"),
    "rest of a header": ('Digest username="Mufasa", response="6629fae49393a053"', "6629fae49393a053"),
    "signed URL": ("GET /a.png?X-Amz-Date=1&X-Amz-Signature=aeeed9bbccd4", "aeeed9bbccd4"),
    "parameter of a URL": ("GET /callback?code=4%2F0AX4XfWh&scope=openid", "0AX4XfWh"),
    "code of a mail": ('{"event":"mail_sent","code":"482913"}', "482913"),
    "code that is said": ("Your verification code is 482913", "482913"),
    "code said first": ("482913 is your login code", "482913"),
    "recovery code": ("recovery code abcd-efgh-1234 was used", "abcd-efgh-1234"),
    "token of a bot": (f"POST https://api.telegram.org/bot{_BOT}/sendMessage", _BOT),
    "web hook": (f"POST https://hooks.slack.com/services/{_HOOK}", _HOOK),
}
"""By the pattern that finds it: a line, and what must not be left of it."""

_CODES: Final = [
    ('{"otp":"482913"}', "482913"),
    ('{"otp_code": 482913, "a":1}', "482913"),
    ('{"mfa_code":"907351"}', "907351"),
    ('{"verification_code":907351}', "907351"),
    ('{"pin":"4821"}', "4821"),
    ("otp=482913", "482913"),
    ("one-time code: 482913", "482913"),
    ("OTP 482913 sent to +62812", "482913"),
    ("G-482913 is your Google verification code", "482913"),
    ("482 913 is your one-time passcode", "482 913"),
    ("kode verifikasi Anda: 482913", "482913"),
    ("kode OTP Anda adalah 482913, jangan dibagikan", "482913"),
    ("482913 adalah kode verifikasi Anda", "482913"),
    ("TOTP 123 456 accepted", "123 456"),
]
_URLS: Final = [
    ("GET /verify?type=magiclink&token_hash=pkce_0123456789abcdef", "0123456789abcdef"),
    ("GET /callback?state=af0ifjsldkj0123&code=zzz907351", "zzz907351"),
    ("GET /callback?state=af0ifjsldkj0123&code=zzz907351", "af0ifjsldkj0123"),
    ("GET /a?X-Amz-Credential=luxima-shop%2F20260101%2Fus-east-1%2Fs3%2Faws4_request", "luxima-shop"),
    ("GET /a?X-Amz-Security-Token=IQoJb3JpZ2luX2VjE&x=1", "IQoJb3JpZ2luX2VjE"),
    ("GET /a?AWSAccessKeyId=lux&Signature=vjbyPxybdZaNmGa%2ByT272YEAiv4%3D&Expires=1", "vjbyPxybdZaNmGa"),
    ("GET /a?sv=2022&sig=Zm9vYmFy%3D&se=2026", "Zm9vYmFy"),
    ("GET /a?X-Goog-Signature=247a2aa45f169edf", "247a2aa45f169edf"),
    (r'{"url":"https://x/a?b=1\u0026X-Amz-Signature=aeeed9bbccd4\u0026c=1"}', "aeeed9bbccd4"),
    ("GET /storage/v1/object/sign/media/a.png?token=abc.def", "abc.def"),
    ("GET /reset/confirm?key=abcdef0123456789", "abcdef0123456789"),
    ("GET /cas?ticket=ST-1856339-aA5Yuvrxzpv8Tau1cYQ7", "1856339"),
    ("POST /saml?SAMLResponse=PHNhbWxwOlJlc3Bv", "PHNhbWxwOlJlc3Bv"),
]
_HEADERS: Final = [
    ('Authorization: Digest username="Mufasa", response="6629fae49393a053"', "6629fae49393a053"),
    (
        "authorization: AWS4-HMAC-SHA256 Credential=K/2026/s3/aws4_request, Signature=fe5f80f77d5fa3be",
        "fe5f80f77d5fa3be",
    ),
    ('{"headers":{"authorization":["Basic dXNlcjpwYXNz"]}}', "dXNlcjpwYXNz"),
    ('{"rawHeaders":["authorization","ApiKey abc123def"]}', "abc123def"),
    ("[ 'authorization', 'Token abc123def' ]", "abc123def"),
    ("map[Authorization:[Token abc123def] Accept:[*/*]]", "abc123def"),
    ("X-Auth-Token: abc123def", "abc123def"),
    ("X-Hub-Signature-256: sha256=0123abcd", "0123abcd"),
    ("Proxy-Authorization: Negotiate YIIabc", "YIIabc"),
    ("curl -H 'Authorization: Token abc123def'", "abc123def"),
]

LINES: Final = [
    *FOUND_BY.values(),
    (f"authorization: Bearer {_BEARER}", _BEARER),
    ("Authorization=Basic dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNzd29yZA=="),
    ("Authorization=Basic dXNlcjpwYXNzd29yZAx", "dXNlcjpwYXNzd29yZAx"),
    ("password=hunter2000", "hunter2000"),
    ("MINIO_SECRET_KEY=abc/def+ghi", "abc/def+ghi"),
    (f"bot token {_BOT} was refused", _BOT),
    *((f"GET https://{host}/{_HOOK}", _HOOK) for host in ("hc-ping.com", "discord.com/api/webhooks")),
    *_CODES,
    *_URLS,
    *_HEADERS,
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
    "GET /orders?state=pending&code=ID&sort=key HTTP/1.1",
    '{"status_code":404,"code":"PGRST116"}',
    '{"code":"42501","max_tokens":4096}',
    '{"otp_sent":true,"otp_attempts":3}',
    '{"headers":{"accept":["*/*"],"x-request-id":["r-1"]}}',
    "shipping=standard footprint=12 hotplug=1 pinned: true",
    "order 482913 is your order",
    "kode pos 40115",
    "OTP sent to user_1, it has expired",
)
"""Lines that stay as they are."""
