"""Writes docs/how-to/rotate-secrets.md from the table of secrets: `python -m render.rotation`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from settings.secrets import SECRETS

TARGET: Final = Path(__file__).resolve().parents[1] / "docs" / "how-to" / "rotate-secrets.md"

_INTRODUCTION: Final = """\
# Rotating every secret

<!-- Made from settings/secrets/table.py by `make docs`; do not edit. -->

After a leak, when somebody leaves, or once a year. `make secrets STACK=prod` shows the first table for one stack, with
the command that sets each.

1. Work in the order of the tables, one secret at a time: what fails then is that one.
2. `pulumi config set --secret luxima:… --stack prod` asks for the new value, so that no history has it.
3. `pulumi preview --policy-pack policy`: what changes is what reads the secret, and no machine is replaced. Then
   `pulumi up --policy-pack policy`.
4. Take the old value away where it came from. Until then whoever has it can still use it.
5. The old value stays in older versions of the stack's state: rotate the passphrase last, with
   `pulumi stack change-secrets-provider passphrase`, and delete old states where they are kept.

After a leak nothing waits for step 4: revoke first, and accept what does not work meanwhile.

## Those that you set

| secret | a new one | how it is replaced |
|---|---|---|
"""


@dataclass(frozen=True)
class Made:
    """A secret that the program makes and that only the state knows."""

    names: str
    """Names of the resources in the program; `*` stands for any text."""
    what: str
    how: str
    """What a person does to replace it, and what happens then."""


_REPLACE: Final = "`pulumi up --replace URN`"
MADE: Final = (
    Made(
        "storage-*-key",
        "keys of the buckets",
        f"{_REPLACE} of each: the new key is there before the old one goes, and pods that use it are rolled; k3s reads "
        "that of etcd's snapshots at the next one",
    ),
    Made(
        "storage-*-password",
        "passwords of the buckets' users, with which nobody logs in",
        f"{_REPLACE} of each: nothing else happens",
    ),
    Made(
        "observability-grafana-admin-password",
        "password of Grafana's user admin",
        f"{_REPLACE}; Grafana takes it at its very first start only, so tell it as well: "
        "`grafana cli admin reset-admin-password` in its pod",
    ),
    Made(
        "observability-grafana-secret-key",
        "key with which Grafana encrypts what is in its database",
        f"{_REPLACE}: its data sources come from files, so nothing that is kept needs the old one",
    ),
    Made(
        "database-keys-*",
        "keys and passwords of the database and of what runs around it",
        "another day in `database.keys`, one kind at a time: [rotate the database's keys](rotate-database-keys.md)",
    ),
    Made(
        "coolify-*",
        "what Coolify's containers know each other by, its administrator's first password, what signs webhooks",
        "not by the program alone: database and cache take theirs at their first start, people change theirs there; "
        "replace a webhook's, run up, and give it to GitHub",
    ),
    Made(
        "registry-users-*",
        "passwords of the registry's users",
        "`delivery.registry.password_generation` one higher: those before are let in until it is raised again",
    ),
    Made(
        "*-join-token",
        "join token of k3s, with which etcd's snapshots are encrypted, too",
        "`k3s token rotate` on a server, the new one behind the last colon of `/etc/rancher/k3s/token` on every "
        "machine and, by `pulumi stack export` and `import`, into the state; restart k3s, one machine after another; "
        "keep the old one as long as snapshots of its time are kept. The steps refuse a token that is in one of both "
        "places only",
    ),
)
_MADE_TABLE: Final = """
## Those that the program makes

Only the state and those who use them know them. `pulumi stack --show-urns` has the URNs.

| resource | what it is | how it is replaced |
|---|---|---|
"""
_KEYS: Final = """
## Keys and certificates that renew themselves

- Certificates of the gateways: [certificates](certificates.md). Those of k3s: each start renews what ends within 120
  days; the kubeconfig is fetched anew twice a year by `pulumi up`, and at once with `pulumi up --replace` of its
  `…-kubeconfig-age`.
- SSH keys of machines: `ssh-keygen -A` on a machine whose old ones were removed, then
  [tell the program](machines.md#host-key-mismatch).
"""


def page() -> str:
    """The whole page."""
    given = "".join(f"| `{each.key}` | {_cell(each.origin)} | {_cell(each.rotation)} |\n" for each in SECRETS)
    made = "".join(f"| `{each.names}` | {each.what} | {_cell(each.how)} |\n" for each in MADE)
    return _INTRODUCTION + given + _MADE_TABLE + made + _KEYS


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
