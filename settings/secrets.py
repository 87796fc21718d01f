"""The secrets a stack needs. Only *which* of them are set is known here: no value is ever kept."""

import base64
import binascii
import functools
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import cast

import yaml

from settings.report import Problem
from settings.values import HTTPS_URL, Area

_TOKEN = re.compile(
    r"[^\s@!=]+@[A-Za-z][A-Za-z0-9._-]*![A-Za-z][A-Za-z0-9._-]+=[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
)
_PEM = re.compile(
    r"\s*-----BEGIN (?P<kind>(OPENSSH |RSA |EC |DSA )?PRIVATE KEY)-----\r?\n"
    r"(?P<body>[A-Za-z0-9+/=\s]+)-----END (?P=kind)-----\s*"
)

_OPENSSH = b"openssh-key-v1\0"
_OPENSSH_WITHOUT_PASSPHRASE = _OPENSSH + b"\0\0\0\4none"


def _is_token(text: str) -> bool:
    return _TOKEN.fullmatch(text) is not None


def _is_password(text: str) -> bool:
    return len(text) >= 8 and text.isprintable()


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


def _is_url(text: str) -> bool:
    return HTTPS_URL.matches(text)


def _is_routing_key(text: str) -> bool:
    return re.fullmatch("[0-9a-zA-Z]{32}", text) is not None


def _is_bot_token(text: str) -> bool:
    return re.fullmatch("[0-9]{6,12}:[A-Za-z0-9_-]{30,60}", text) is not None


def _is_jwt(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", text) is not None


def _is_kubeconfig(text: str) -> bool:
    try:
        content: object = yaml.safe_load(text)
    except yaml.YAMLError:
        return False
    return isinstance(content, dict) and {"clusters", "users", "contexts"} <= cast("dict[str, object]", content).keys()


@dataclass(frozen=True)
class Only:
    """A secret that is needed with one value of a setting only."""

    path: tuple[str, ...]
    """The setting."""
    value: str
    others: frozenset[str]
    """Its other values, with which the secret may not be set."""

    def __str__(self) -> str:
        return f"luxima:{'.'.join(self.path)} {self.value}"

    def found(self, areas: Mapping[str, object]) -> object:
        """What the setting is; None when it is not there."""
        return functools.reduce(_inside, self.path, areas)


def _inside(table: object, key: str) -> object:
    return cast("dict[str, object]", table).get(key) if isinstance(table, dict) else None


@dataclass(frozen=True)
class Secret:
    """One secret of the configuration: its key under `luxima:` and the form it has to have."""

    key: str
    purpose: str
    right: str
    accepts: Callable[[str], bool]
    only: Only | None = None
    """When it is needed; always when None."""

    def needed(self, areas: Mapping[str, object]) -> bool:
        """Whether settings need it; a setting that is none of its values needs nothing."""
        return self.only is None or self.only.found(areas) == self.only.value

    def command(self, stack: str) -> str:
        """The command that sets the secret."""
        return f"`pulumi config set --secret luxima:{self.key} --stack {stack}`"


SECRETS = (
    Secret(
        "proxmoxApiToken",
        "API token with which Proxmox is spoken to",
        "user@realm!tokenname=uuid, as Proxmox prints it when the token is made",
        _is_token,
    ),
    Secret(
        "minioRootPassword",
        "password of storage.root_user",
        "at least 8 printable characters (MinIO's limit)",
        _is_password,
    ),
    Secret(
        "dnsTsigSecret",
        "secret of the TSIG key dns.tsig",
        "base64 of at least 16 bytes, as tsig-keygen or keymgr print it",
        _is_base64,
    ),
    Secret(
        "dnsGuardTsigSecret",
        "secret of the TSIG key dns.guard_tsig",
        "base64 of at least 16 bytes, as tsig-keygen or keymgr print it",
        _is_base64,
    ),
    Secret(
        "acmeTsigSecret",
        "secret of the TSIG key edge.certificates.acme_tsig",
        "base64 of at least 16 bytes, as tsig-keygen or keymgr print it",
        _is_base64,
        Only(("edge", "certificates", "issuer"), "acme", frozenset({"private_ca"})),
    ),
    Secret(
        "sshPrivateKey",
        "private key with which the guests are logged in to",
        "a private key in PEM or OpenSSH form, with its BEGIN and END lines and no passphrase",
        _is_private_key,
    ),
    Secret(
        "slackWebhookUrl",
        "incoming webhook of observability.alerts.slack_channel",
        "an https:// URL, as Slack shows it when the webhook is made",
        _is_url,
    ),
    Secret(
        "slackSecurityWebhookUrl",
        "incoming webhook of observability.alerts.slack_security_channel",
        "an https:// URL, as Slack shows it when the webhook is made",
        _is_url,
    ),
    Secret(
        "pagerdutyRoutingKey",
        "integration key of on-call's PagerDuty service",
        "the 32 letters and digits of an Events API v2 integration",
        _is_routing_key,
    ),
    Secret(
        "telegramBotToken",
        "token of the Telegram bot that announces deployments",
        "the bot's number, a colon and its key, as BotFather prints them",
        _is_bot_token,
    ),
    Secret(
        "smtpPassword",
        "password of observability.alerts.smtp_user",
        "at least 8 printable characters",
        _is_password,
    ),
    Secret(
        "heartbeatUrl",
        "URL of the external watch that is told every minute that alerting works",
        "an https:// URL, as the watch shows it when the check is made",
        _is_url,
    ),
    Secret(
        "serviceRoleKey",
        "key of Supabase's service role, with which alerts are recorded in schema internal",
        "at least 8 printable characters",
        _is_password,
    ),
    Secret(
        "databaseMonitorPassword",
        "password of the database role luxima_monitor, which the PostgreSQL exporter logs in as",
        "at least 8 printable characters",
        _is_password,
    ),
    Secret(
        "minioMetricsToken",
        "token with which Prometheus reads the object storage's metrics",
        "a JWT, as `mc admin prometheus generate` prints it",
        _is_jwt,
    ),
    Secret(
        "kubeconfig",
        "kubeconfig of the existing cluster",
        "a kubeconfig with clusters, users and contexts",
        _is_kubeconfig,
        Only(("kubernetes", "mode"), "existing", frozenset({"k3s"})),
    ),
)


class SecretsSet(Area):
    """Which secrets are set."""

    keys: frozenset[str] = frozenset()
    """Keys under `luxima:`, such as minioRootPassword."""


def check(config: Mapping[str, object], encrypted: Collection[str], stack: str) -> list[Problem]:
    """Mistakes in the secrets that are set: in plain text, or readable and of a wrong form. No value is shown.

    Args:
        config: Values by key without `luxima:`; what is still encrypted is no text.
        encrypted: Those keys that are secret.
        stack: Name of the stack, for the command that sets it right.
    """
    problems: list[Problem] = []
    for secret in SECRETS:
        value = config.get(secret.key)
        if secret.key not in config:
            continue
        if secret.key not in encrypted:
            text = f"is in plain text, so it has leaked; make a new one and set it with {secret.command(stack)}"
            problems.append(Problem((secret.key,), text))
        elif isinstance(value, str) and not secret.accepts(value):
            text = f"has the wrong form; give {secret.right}; set it with {secret.command(stack)}"
            problems.append(Problem((secret.key,), text))
    return problems


def check_needed(config: Collection[str], areas: Mapping[str, object], stack: str) -> list[Problem]:
    """Secrets that are needed and not set, and those that are set and not needed.

    Args:
        config: Keys that are set, without `luxima:`.
        areas: The settings by area, as they were given.
        stack: Name of the stack, for the command that sets it right.
    """
    problems: list[Problem] = []
    for secret in SECRETS:
        only = secret.only
        if secret.key not in config and secret.needed(areas):
            text = f"is not set; set it with {secret.command(stack)} (reads it from the prompt)"
            problems.append(Problem((secret.key,), f"{text}; it is the {secret.purpose}"))
        elif secret.key in config and only is not None and only.found(areas) in only.others:
            text = f"is set, but used with {only} only; take it out with "
            problems.append(Problem((secret.key,), f"{text}`pulumi config rm luxima:{secret.key} --stack {stack}`"))
    return problems
