"""The table of secrets: one row for each, from which the program, the sandbox and `make secrets` are made.

Only *which* of them are set is known here: no value is ever kept.
"""

from typing import Final

from settings.secrets import forms
from settings.secrets.model import Only, Reader, Secret

_TSIG_ORIGIN: Final = "`keymgr -t NAME` or `tsig-keygen NAME`; its name and rights are set at the name servers"
_TSIG_ROTATION: Final = (
    "give the name servers a key of a new name beside the old one; set its name in the stack file and the secret; "
    "run up; take the old one out"
)
_WEBHOOK: Final = "Slack: the app's page Incoming Webhooks, one for the channel"
_ACCESS_ORIGIN: Final = "a random password: `openssl rand -hex 32`"
_ACCESS_ROTATION: Final = (
    "set a new one, run up; a gateway takes it up within two minutes, and refuses the old one from then on"
)
_ELSEWHERE: Final = Only(("database", "mode"), ("existing",), frozenset({"supabase"}))
"""The stack's own database has keys and passwords that are made with it (`settings.secrets.generated`)."""
_UP: Final = "make a new one, set it, run up, revoke the old one; messages are sent again until it is there"

_WITH_COOLIFY: Final = Only(("delivery", "coolify", "api"), ("enabled",), frozenset({"disabled"}))

SECRETS: Final = (
    Secret(
        "proxmoxApiToken",
        "API token with which Proxmox is spoken to",
        forms.PROXMOX_TOKEN,
        ("proxmox",),
        "`pveum user token add USER@REALM NAME --privsep 0` on a Proxmox node; join full-tokenid, = and value",
        "make a second token, set it, run up, remove the first",
    ),
    Secret(
        "proxmoxMetricsToken",
        "API token with the role PVEAuditor, with which metrics of Proxmox hosts and guests are read",
        forms.PROXMOX_TOKEN,
        ("pve-exporter",),
        "`pveum user token add USER@REALM NAME --privsep 0` of a user with PVEAuditor on /; docs/how-to/machines.md",
        "make a second token, set it, run up, remove the first",
    ),
    Secret(
        "minioRootPassword",
        "password of storage.root_user",
        forms.ACCESS,
        ("storage",),
        f"{_ACCESS_ORIGIN}; of an existing server, what it was started with (MINIO_ROOT_PASSWORD)",
        "set a new one and a minioMetricsToken that is made with it, run up: the server starts anew with it; an "
        "existing one is restarted with it first. ObjectStorageDown may fire meanwhile, so silence it",
    ),
    Secret(
        "minioKmsKey",
        "key that every object is encrypted with: whoever loses it has lost them all",
        forms.KMS_KEY,
        ("storage",),
        "`openssl rand -base64 32`, once; keep two safe copies before the first `up`: docs/how-to/storage.md",
        "never while there are objects: a server with another one reads none of them. After a leak, copy every bucket "
        "to a server with a new one: docs/how-to/storage.md",
        Only(("storage", "server", "mode"), ("deployed", "beside"), frozenset({"existing"})),
    ),
    Secret(
        "databaseBackupPassphrase",
        "passphrase that all backups of the database are encrypted with",
        forms.ACCESS,
        ("backup",),
        "`openssl rand -hex 32`; without it no backup can be read, so keep a copy where neither platform nor state is",
        "never while its backups are wanted: another one begins another repository; docs/how-to/restore-database.md",
        Only(("database", "mode"), ("supabase",), frozenset({"existing"})),
    ),
    Secret(
        "offSiteKey",
        "key of backup.off_site.access_key, with which copies of buckets are written at the other site",
        forms.ACCESS,
        ("backup",),
        "the other site's object storage: a user that may list, read and write in that bucket; docs/how-to/restore.md",
        "make a second key, set backup.off_site.access_key and this, run up, remove the first",
        Only(("backup", "copies"), ("off_site",), frozenset({"own"})),
    ),
    Secret(
        "offSitePassphrase",
        "passphrase that copies of buckets are encrypted with before they leave for the other site, names as well",
        forms.ACCESS,
        ("backup",),
        "`openssl rand -hex 32`; without it no copy can be read, so keep a copy where neither platform nor state is",
        "never while its copies are wanted: with another one, and an empty bucket there, copies begin anew",
        Only(("backup", "copies"), ("off_site",), frozenset({"own"})),
    ),
    Secret(
        "dnsTsigSecret",
        "secret of the TSIG key dns.tsig",
        forms.TSIG,
        ("dns", "release"),
        _TSIG_ORIGIN,
        f"{_TSIG_ROTATION} when the name servers' own transfers and notifications are signed with the new one too",
    ),
    Secret(
        "dnsGuardTsigSecret",
        "secret of the TSIG key dns.guard_tsig",
        forms.TSIG,
        ("guard",),
        _TSIG_ORIGIN,
        _TSIG_ROTATION,
    ),
    Secret(
        "acmeTsigSecret",
        "secret of the TSIG key edge.certificates.acme_tsig",
        forms.TSIG,
        ("cert-manager",),
        _TSIG_ORIGIN,
        _TSIG_ROTATION,
        Only(("edge", "certificates", "issuer"), ("acme",), frozenset({"private_ca"})),
    ),
    Secret(
        "logAgentPassword",
        "password of the user log-agent, with which the log agents of machines send lines to Loki through the gateways",
        forms.ACCESS,
        ("edge", "log-agent"),
        _ACCESS_ORIGIN,
        f"{_ACCESS_ROTATION}; agents have it at once, and what they send until the gateways do is lost",
    ),
    Secret(
        "releasePassword",
        "password of the user release, with which the release tool asks Prometheus and Loki and tells Alertmanager",
        forms.ACCESS,
        ("edge", "release"),
        _ACCESS_ORIGIN,
        _ACCESS_ROTATION,
    ),
    Secret(
        "operatorPassword",
        "password of the user operator, with which people see Prometheus' and Alertmanager's pages and silence alerts",
        forms.ACCESS,
        ("edge", "people"),
        _ACCESS_ORIGIN,
        f"{_ACCESS_ROTATION}; tell it to those on call",
    ),
    Secret(
        "sshPrivateKey",
        "private key with which the guests are logged in to",
        forms.PRIVATE_KEY,
        ("proxmox", "guests"),
        "`ssh-keygen -t ed25519 -N '' -f FILE`; each Proxmox node is given the public half, guests get it when made",
        "append the new public half by hand to authorized_keys of compute.ssh.user on each VM, of root on each LXC and "
        "of compute.ssh.node_user on each Proxmox node; set the key; run up; take the old lines out",
    ),
    Secret(
        "slackWebhookUrl",
        "incoming webhook of observability.alerts.slack_channel",
        forms.URL,
        ("alertmanager",),
        _WEBHOOK,
        _UP,
    ),
    Secret(
        "slackSecurityWebhookUrl",
        "incoming webhook of observability.alerts.slack_security_channel",
        forms.URL,
        ("alertmanager",),
        _WEBHOOK,
        _UP,
    ),
    Secret(
        "pagerdutyRoutingKey",
        "integration key of on-call's PagerDuty service",
        forms.ROUTING_KEY,
        ("alertmanager",),
        "PagerDuty: the service's page Integrations, Events API v2",
        _UP,
    ),
    Secret(
        "telegramBotToken",
        "token of the Telegram bot that announces deployments",
        forms.BOT_TOKEN,
        ("alertmanager",),
        "Telegram: BotFather, /newbot; the bot is a member of the chat",
        "BotFather, /revoke, then set the new one and run up; messages are sent again until it is there",
    ),
    Secret(
        "smtpPassword",
        "password of observability.alerts.smtp_user",
        forms.PASSWORD,
        ("alertmanager",),
        "the mail provider's page for this user",
        _UP,
    ),
    Secret(
        "heartbeatUrl",
        "URL of the external watch that is told every minute that alerting works",
        forms.URL,
        ("alertmanager",),
        "a watch outside the platform, such as healthchecks.io: a check with a period of 1 minute",
        "make a second check, set its URL, run up, remove the first",
    ),
    Secret(
        "serviceRoleKey",
        "key of Supabase's service role, with which alerts are recorded in schema internal",
        forms.PASSWORD,
        ("alertmanager-record", "guard", "release"),
        "Supabase: the key `service_role` of the stack",
        "set the new one and run up at once: alerts are recorded again from the next attempt on",
        _ELSEWHERE,
    ),
    Secret(
        "databaseMonitorPassword",
        "password of the database role luxima_monitor, which the PostgreSQL exporter logs in as",
        forms.ACCESS,
        ("postgres-exporter",),
        "`openssl rand -hex 32`; `\\password luxima_monitor` in psql sets it in the database, and no log has it",
        "set it in the database and here, run up; DatabaseDown may fire meanwhile, so silence it",
        _ELSEWHERE,
    ),
    Secret(
        "coolifyApiToken",
        "token with which applications are declared in Coolify",
        forms.COOLIFY_TOKEN,
        ("coolify",),
        "Coolify, which has to run: Keys & Tokens, API Tokens, with read and write (docs/how-to/add-an-application.md)",
        "make a second token, set it, run up, remove the first",
        _WITH_COOLIFY,
    ),
    Secret(
        "coolifyVariables",
        "secret variables of the applications in Coolify, as JSON by application and name",
        forms.COOLIFY_VARIABLES,
        ("coolify",),
        "whoever runs the application; `{}` where none has any",
        "set it with the new value, run up, deploy the application in Coolify: it runs with the old one until then",
        _WITH_COOLIFY,
    ),
    Secret(
        "minioMetricsToken",
        "token with which Prometheus reads the object storage's metrics",
        forms.JWT,
        ("prometheus",),
        "`mc admin prometheus generate`, which asks no server, before the first `up` too: docs/how-to/storage.md",
        "it ends with the root password it was made with: make it anew after that was changed, set it, run up",
    ),
    Secret(
        "kubeconfig",
        "kubeconfig of the existing cluster",
        forms.KUBECONFIG,
        ("cluster", "release"),
        "the cluster's administrator",
        "set the new one and run up",
        Only(("kubernetes", "mode"), ("existing",), frozenset({"k3s"})),
    ),
)


def told_to(*readers: Reader) -> tuple[str, ...]:
    """Keys of the secrets that one of these is told, in the table's order."""
    return tuple(secret.key for secret in SECRETS if set(readers) & set(secret.readers))
