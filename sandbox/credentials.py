"""The secrets of one stack's sandbox: made once, kept in one file that only this user may read."""

import base64
import hmac
import json
import os
import secrets
import uuid
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import cast

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from sandbox.faults import SandboxError
from sandbox.tls import write_private

_KEPT = (
    "passphrase",
    "proxmox_api_token",
    "minio_root_password",
    "minio_kms_key",
    "dns_tsig_secret",
    "ssh_private_key",
)
"""What the stack's data depends on: it cannot be made anew. What an older version of the program did not need can."""


_NEVER = 4_102_444_800
"""The year 2100, in seconds since 1970."""


@dataclass(frozen=True)
class Credentials:
    """Every secret that the sandbox needs; `repr` shows none of them."""

    passphrase: str
    """Encrypts the secrets in the state and in the copied stack file."""
    proxmox_api_token: str
    """`user@realm!tokenname=uuid`."""
    minio_root_password: str
    minio_kms_key: str
    """32 bytes, base64."""
    dns_tsig_secret: str
    """32 bytes, base64."""
    dns_guard_tsig_secret: str
    """32 bytes, base64."""
    acme_tsig_secret: str
    """32 bytes, base64."""
    ssh_private_key: str
    """ed25519, OpenSSH's form."""
    slack_webhook_url: str
    slack_security_webhook_url: str
    pagerduty_routing_key: str
    telegram_bot_token: str
    smtp_password: str
    heartbeat_url: str
    service_role_key: str
    database_monitor_password: str

    def __repr__(self) -> str:
        return "Credentials(…)"

    def stack_config(self, minio_root_user: str) -> dict[str, str]:
        """The secrets as the stack's configuration knows them (`pulumi config set --secret`)."""
        return {
            "luxima:proxmoxApiToken": self.proxmox_api_token,
            "luxima:minioRootPassword": self.minio_root_password,
            "luxima:dnsTsigSecret": self.dns_tsig_secret,
            "luxima:dnsGuardTsigSecret": self.dns_guard_tsig_secret,
            "luxima:acmeTsigSecret": self.acme_tsig_secret,
            "luxima:sshPrivateKey": self.ssh_private_key,
            "luxima:slackWebhookUrl": self.slack_webhook_url,
            "luxima:slackSecurityWebhookUrl": self.slack_security_webhook_url,
            "luxima:pagerdutyRoutingKey": self.pagerduty_routing_key,
            "luxima:telegramBotToken": self.telegram_bot_token,
            "luxima:smtpPassword": self.smtp_password,
            "luxima:heartbeatUrl": self.heartbeat_url,
            "luxima:serviceRoleKey": self.service_role_key,
            "luxima:databaseMonitorPassword": self.database_monitor_password,
            "luxima:minioMetricsToken": metrics_token(minio_root_user, self.minio_root_password),
        }


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
    key = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    return Credentials(
        passphrase=secrets.token_urlsafe(24),
        proxmox_api_token=f"root@pam!luxima={uuid.uuid4()}",
        minio_root_password=secrets.token_urlsafe(24),
        minio_kms_key=base64.b64encode(secrets.token_bytes(32)).decode(),
        dns_tsig_secret=base64.b64encode(secrets.token_bytes(32)).decode(),
        dns_guard_tsig_secret=base64.b64encode(secrets.token_bytes(32)).decode(),
        acme_tsig_secret=base64.b64encode(secrets.token_bytes(32)).decode(),
        ssh_private_key=key.decode(),
        # Nobody is told anything from a sandbox: these names are reserved (RFC 6761) and lead nowhere.
        slack_webhook_url=f"https://slack.invalid/services/{secrets.token_urlsafe(24)}",
        slack_security_webhook_url=f"https://slack.invalid/services/{secrets.token_urlsafe(24)}",
        pagerduty_routing_key=secrets.token_hex(16),
        telegram_bot_token=f"{secrets.randbelow(9 * 10**8) + 10**8}:{secrets.token_urlsafe(26)}",
        smtp_password=secrets.token_urlsafe(24),
        heartbeat_url=f"https://heartbeat.invalid/{secrets.token_urlsafe(24)}",
        service_role_key=secrets.token_urlsafe(24),
        database_monitor_password=secrets.token_urlsafe(24),
    )


def load_or_make(path: Path) -> Credentials:
    """The stack's secrets, with the user's own passphrase where the environment has one.

    Raises:
        SandboxError: When the file is there but cannot be used.
    """
    if path.exists():
        again = f"put it back, or run make clean STACK={path.parent.name} and make up to start anew"
        try:
            content = cast("dict[str, object]", json.loads(path.read_text(encoding="utf-8")))
            missing = [name for name in _KEPT if not _is_text(content.get(name))]
        except (OSError, ValueError, AttributeError) as error:
            raise SandboxError(
                f"{path} cannot be read ({type(error).__name__}); without its secrets the stack's data is lost: {again}"
            ) from error
        if missing:
            raise SandboxError(f"{path} has no {', '.join(missing)}; without it the stack's data is lost: {again}")
        known = {field.name: content.get(field.name) for field in fields(Credentials)}
        made = replace(make(), **{name: value for name, value in known.items() if isinstance(value, str) and value})
        if None in known.values():
            write_private(path, json.dumps(asdict(made), indent=1).encode())
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
    else:
        made = make()
        write_private(path, json.dumps(asdict(made), indent=1).encode())
    own = user_passphrase()
    return made if own is None else Credentials(**{**asdict(made), "passphrase": own})


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
