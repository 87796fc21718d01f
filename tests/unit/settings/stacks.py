"""Stacks to try settings with: the real files, with edits."""

import base64
import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml

from settings import Settings, SettingsError, load
from settings.report import OWN_FILES, file_name

ROOT = Path(__file__).parents[3]
STACKS = ("dev", "staging", "prod")

ABSENT = object()
"""As the value of an edit: take the key out."""

Data = dict[str, Any]

SECRETS = {
    "proxmoxApiToken": "luxima@pve!deploy=0b6f3c1e-9d55-4f0a-8a71-3c5b9f2d7e10",
    "proxmoxMetricsToken": "luxima-metrics@pve!prometheus=5d0d3a5e-77a4-4c52-9a51-1f2e3d4c5b6a",
    "minioRootPassword": "planted-minio-password-of-40-letters----",
    "minioKmsKey": base64.b64encode(b"planted kms key of 32 bytes.....").decode(),
    "dnsTsigSecret": base64.b64encode(b"planted tsig secret of 32 bytes.").decode(),
    "dnsGuardTsigSecret": base64.b64encode(b"planted guard key of 32 bytes...").decode(),
    "sshPrivateKey": "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    + base64.b64encode(b"openssh-key-v1\0\0\0\0\4none planted key").decode()
    + "\n-----END OPENSSH PRIVATE KEY-----\n",
    "logAgentPassword": "planted-log-agent-password-of-40-letters",
    "releasePassword": "planted-release-password-of-40-letters--",
    "operatorPassword": "planted-operator-password-of-40-letters-",
    "slackWebhookUrl": "https://hooks.slack.invalid/services/planted-slack",
    "slackSecurityWebhookUrl": "https://hooks.slack.invalid/services/planted-security",
    "pagerdutyRoutingKey": "planted0pagerduty0routing0key032",
    "telegramBotToken": "123456789:planted-telegram-bot-token_35chars",
    "smtpPassword": "planted-smtp-password",
    "heartbeatUrl": "https://heartbeat.invalid/planted-heartbeat",
    "minioMetricsToken": "planted.metrics.token",
    "databaseBackupPassphrase": "planted-backup-passphrase-of-40-letters-",
}
ACME_SECRET = base64.b64encode(b"planted acme key of 32 bytes....").decode()
"""What stacks with public names need besides."""
OF_COOLIFY = {
    "coolifyApiToken": "1|plantedcoolifytokenofmorethanfortyletters0000",
    "coolifyVariables": '{"storefront": {"API_KEY": "planted-api-key-of-storefront"}}',
}
"""What staging needs besides, which has Coolify."""
OF_OFF_SITE = {
    "offSiteKey": "planted-off-site-key-of-40-letters------",
    "offSitePassphrase": "planted-off-site-passphrase-of-40-letter",
}
"""What prod needs besides, whose copies are at another site."""
KUBECONFIG = "apiVersion: v1\nclusters: []\ncontexts: []\nusers: [{name: planted-user}]\n"


@cache
def _read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)


def files_of(stack: str) -> list[str]:
    """The files of a stack, as they are called in the checkout."""
    return [file_name(area, stack) for area in (None, *OWN_FILES)]


def data_of(stack: str) -> Data:
    """The areas of a real stack's files."""
    config = cast("Data", _read(ROOT / f"Pulumi.{stack}.yaml")["config"])
    areas = {key.removeprefix("luxima:"): value for key, value in config.items()}
    return copy.deepcopy({**areas, **{area: _read(ROOT / file_name(area, stack)) for area in OWN_FILES}})


def edited(data: Data, edits: Mapping[str, Any]) -> Data:
    """`data` with other values at dotted paths, such as `dns.servers.0.port`."""
    data = copy.deepcopy(data)
    for path, value in edits.items():
        *parents, last = (int(key) if key.isdigit() else key for key in path.split("."))
        inner: Any = data
        for key in parents:
            inner = inner[key] if isinstance(key, int) else inner.setdefault(key, {})
        if value is ABSENT:
            del inner[last]
        else:
            inner[last] = value
    return data


@dataclass
class Checkout:
    """A folder with files of a stack, and what the engine would hand to the program."""

    folder: Path
    stack: str = "dev"
    secrets: dict[str, str] = field(default_factory=lambda: dict(SECRETS))
    plain: dict[str, str] = field(default_factory=dict[str, str])
    """Keys of the configuration that come as they are and unencrypted."""

    def load(self, edits: Mapping[str, Any] | None = None) -> Settings:
        """The settings of the real stack with edits, by way of what the engine hands over."""
        data = edited(data_of(self.stack), edits or {})
        for area in OWN_FILES:
            own, file = data.pop(area, ABSENT), self.folder / file_name(area, self.stack)
            if own is not ABSENT:
                file.parent.mkdir(exist_ok=True)
                file.write_text(yaml.dump(own, Dumper=yaml.CSafeDumper, sort_keys=False), encoding="utf-8")
        config = {f"luxima:{area}": json.dumps(value) for area, value in data.items()}
        secrets = {**self.secrets, **({} if self.stack == "dev" else {"acmeTsigSecret": ACME_SECRET})}
        secrets |= OF_OFF_SITE if self.stack == "prod" else {}
        secrets |= OF_COOLIFY if self.stack == "staging" else {}
        config |= {f"luxima:{key}": value for key, value in {**secrets, **self.plain}.items()}
        return load(config, [f"luxima:{key}" for key in secrets], self.stack, self.folder)

    def report(self, edits: Mapping[str, Any] | None = None) -> list[str]:
        """The lines of the report on what is wrong; none if nothing is."""
        try:
            self.load(edits)
        except SettingsError as error:
            return str(error).splitlines()
        return []

    def mistakes(self, edits: Mapping[str, Any] | None = None) -> list[str]:
        """The mistakes in the report, without its headings."""
        return [line.strip() for line in self.report(edits) if line.startswith("  ")]
