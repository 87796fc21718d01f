"""Rows on machines, object storage, and secrets wherever they could stand."""

from __future__ import annotations

import base64

from policy.rules import kinds

from .operators import ABSENT, CLEAR, NEGATE, REMOVE, RENAME, Operator, Row, entry, more, sub, to

_POLICIES = (kinds.IAM_POLICY, kinds.SERVICE_ACCOUNT)
STORAGE = (
    Row((kinds.BUCKET,), "acl", (to("public-read", "public-read-write", "public"),)),
    Row((kinds.BUCKET,), "quota", (REMOVE, to(0))),
    Row(
        _POLICIES,
        "policy",
        (
            sub(r'"s3:GetObject"', '"s3:*"', '"*"', '"s3:Get*"', '"s3:PutLifecycleConfiguration"', '"s3:DeleteBucket"'),
            sub(
                r'"s3:GetObject"',
                '"s3:PutBucketVersioning"',
                '"s3:DeleteObjectVersion"',
                '"admin:*"',
                '"s3:PutBucketPolicy"',
            ),
            sub(r'"s3:GetObject"', '"s3:BypassGovernanceRetention"', '"kms:*"', '"s3:ListAllMyBuckets"'),
            sub(
                r'"arn:aws:s3:::[^"]+/\*"', '"arn:aws:s3:::*"', '"*"', '"arn:aws:s3:::*/*"', '"arn:aws:s3:::luxima-*/*"'
            ),
            sub(r"luxima-\w+-(loki|tempo|media)/", "luxima-prod-backups/"),
            sub(r"/deployment/etcd/\*", "/*", "/deployment/*", "/database/*"),
            sub(r'"Effect":"Allow","Resource"', '"Effect":"Allow","NotResource"'),
            sub('"s3:BypassGovernanceRetention","s3:DeleteObjectVersion"', '"s3:BypassGovernanceRetention"'),
            sub('"aws:SecureTransport":."false".', '"aws:SecureTransport":["true"]'),
            sub('"Effect":"Deny"', '"Effect":"Allow"'),
            sub("^.*$", "not a policy", ""),
            REMOVE,
        ),
    ),
    Row((kinds.IAM_ATTACHMENT,), "policyName", (to("readwrite", "consoleAdmin", "diagnostics"), RENAME)),
    Row((kinds.IAM_ATTACHMENT,), "userName", (RENAME,)),
    Row((kinds.SERVICE_ACCOUNT,), "targetUser", (to("luxima-root", name="rename"),)),
    Row(
        (kinds.DOCKER_CONTAINER,),
        "envs/*",
        (
            sub("^MINIO_BROWSER=off$", "MINIO_BROWSER=on", ""),
            sub("^(MINIO_(?:ROOT_PASSWORD|KMS_SECRET_KEY))_FILE=.*$", r"\1=of-the-container", r"\1_FILE=/elsewhere"),
        ),
    ),
    Row(
        (kinds.DOCKER_CONTAINER,),
        "command/*",
        (
            sub("^--certs-dir=.*$", "--json", "--console-address=:9001"),
            sub("^/data$", "/elsewhere"),
            sub("^https://(.*)/data$", r"http://\1/data", r"https://\1/elsewhere"),
        ),
    ),
    Row((kinds.DOCKER_CONTAINER,), "hostname", (REMOVE, RENAME)),
)

KEYS = {
    "stripe": "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "google": "AIza" + "SyD4iE2xVSpkLLOXoyqT-RuPwywN3ScZAfE",
    "gitlab": "glpat-" + "x7Kq2mZ9wPv4sL1tB8nD",
    "github": "ghp_" + "1234567890abcdefghijABCDEFGHIJ123456",
    "slack": "xoxb-" + "2345678901-abcdefGHIJKL",
    "aws": "AKIA" + "IOSFODNN7EXAMPLE",
    "sendgrid": "SG." + "ngeVfQFYQlKU0ufo8x5d1A.TwL2iGABf9DHoTf-09kqeF8tAmbihYzrnopKc-1s5cr",
    "npm": "npm_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF3gH6",
    "supabase": "sbp_" + "4f1c2b3a5d6e7f8091a2b3c4d5e6f70819a2b3c4",
    "telegram": "1234567890:" + "AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-pc",
    "shopify": "shpat_" + "3f1c2b3a5d6e7f8091a2b3c4d5e6f708",
    "openai": "sk-proj-" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF",
    "docker": "dckr_pat_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7",
    "grafana": "glsa_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF_1a2b3c4d",
    "vault": "hvs." + "CAESIJ2aB3dE6gH9jK2mN5pQ8sT1vW4y",
    "digitalocean": "dop_v1_" + "4f1c2b3a5d6e7f8091a2b3c4d5e6f70819a2b3c44f1c2b3a5d6e7f8091a2b3c4",
    "pulumi": "pul-" + "4f1c2b3a5d6e7f8091a2b3c4d5e6f70819a2b3c4",
    "jwt": "eyJhbGciOiJIUzI1NiJ9." + "eyJyb2xlIjoic2VydmljZV9yb2xlIn0.dQw4w9WgXcQdQw4w9WgXcQ",
    "private-key": "-----BEGIN " + "PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----",
    "url": "postgres://luxima:" + "hunter22@db:5432/luxima",
    "dsn": "host=db user=luxima " + "password=hunter22 dbname=luxima",
    "ado": "Server=db;User Id=luxima;" + "Password=hunter22;",
    "azure": "AccountName=x;AccountKey=" + base64.b64encode(bytes(range(64))).decode(),
    "slack-webhook": "https://hooks.slack.com/services/" + "T0000AAAA/B0000AAAA/aB3dE6gH9jK2mN5pQ8sT1vW4",
    "discord": "https://discord.com/api/webhooks/"
    + "123456789012345678/aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dFaB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF1234",
    "hex": "9f86d081884c7d65" + "9a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "hex-128": "5f4dcc3b5aa765d6" + "1d8327deb882cf99",
    "base64": "q3t6w9z/C&F".replace("&", "B") + "JaNdRgUkXp2s5v8yxDGKbPeShVmYq3t6w9zCFJ",
    "base64-of-url": base64.b64encode(b"postgres://luxima:hunter22@db:5432/luxima").decode(),
    "slack-app": "xapp-1-A0123BC-" + "1234567890-aB3dE6gH9jK2mN5pQ8sT1vW4",
    "google-login": "GOCSPX-" + "aB3dE6gH9jK2mN5pQ8sT1vW4",
    "doppler": "dp.pt." + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dFaB3dE6gH",
    "linear": "lin_api_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dFaB3dE6gH",
    "notion": "ntn_" + "12345678901aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF",
    "postman": "PMAK-" + "4f1c2b3a5d6e7f8091a2b3c4-4f1c2b3a5d6e7f8091a2b3c4d5e6f70819",
    "sentry": "sntrys_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0dF",
    "tailscale": "tskey-auth-" + "kaB3dE6gCNTRL-aB3dE6gH9jK2mN5p",
    "registry": '{"auths": {"x.id": {"auth": "' + 'cHVzaDpodW50ZXIyMg=="}}}',
    "xml": "<db><password>" + "hunter22</password></db>",
    "base64-of-key": base64.b64encode(b"-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEI").decode(),
}
_SOME = ("stripe", "hex", "base64-of-url", "dsn", "url", "google", "private-key", "telegram")

_ALL = Operator("add", lambda value: list(KEYS.values()) if isinstance(value, str) or value is ABSENT else [])
_FEW = Operator(
    "add", lambda value: [KEYS[name] for name in _SOME] if isinstance(value, str) or value is ABSENT else []
)


def _element(make: str) -> Operator:
    return Operator(
        "add", lambda value: [[*([] if value is ABSENT else value), make.replace("%", KEYS[name])] for name in _SOME]
    )


_ENV = Operator(
    "add",
    lambda value: [[*([] if value is ABSENT else value), {"name": "SETTING", "value": each}] for each in KEYS.values()],
)
_APPENDED = Operator(
    "add", lambda value: [f"{value}\n# {KEYS[name]}\n" for name in _SOME] if isinstance(value, str) else []
)
_NAMED_ENV = more({"name": "DB_PASSWORD", "value": "hunter22"}, {"name": "API_KEY", "value": "abc123abc"})
_META = ("metadata/annotations/x", "metadata/labels/x")
_OBJECTS = (kinds.SERVICE, kinds.NAMESPACE, kinds.NETWORK_POLICY, kinds.SERVICE_ACCOUNT_KUBERNETES, *kinds.WORKLOADS)
SECRETS = (
    Row(kinds.WORKLOADS, "{pod}/containers/*/env", (_ENV, _NAMED_ENV), also_absent=True),
    Row(
        kinds.WORKLOADS,
        "{pod}/containers/*/args",
        (_element("--setting=%"), _element("%"), more("--password=hunter22")),
        also_absent=True,
    ),
    Row(kinds.WORKLOADS, "{pod}/containers/*/command", (_element("%"),), also_absent=True),
    Row(kinds.WORKLOADS, "{pod}/containers/*/lifecycle/preStop/exec/command", (_element("%"),), also_absent=True),
    Row(kinds.WORKLOADS, "{pod}/containers/*/livenessProbe/exec/command", (_element("%"),), also_absent=True),
    Row(
        kinds.WORKLOADS,
        "{pod}/containers/*/livenessProbe/httpGet/httpHeaders",
        (more({"name": "Authorization", "value": "Bearer " + KEYS["jwt"]}),),
        also_absent=True,
    ),
    *(Row(_OBJECTS, path, (_FEW,), also_absent=True) for path in _META),
    Row((kinds.CONFIG_MAP,), "data/setting", (_ALL,), also_absent=True),
    Row((kinds.CONFIG_MAP,), "data/password", (to("hunter22"),), also_absent=True),
    Row(
        (kinds.CONFIG_MAP,),
        "binaryData/x",
        (Operator("add", lambda _: [base64.b64encode(KEYS[name].encode()).decode() for name in _SOME]),),
        also_absent=True,
    ),
    Row((kinds.CONFIG_MAP,), "data/prometheus.yml", (_APPENDED,)),
    Row((kinds.CONFIG_MAP,), "data/alertmanager.yml", (_APPENDED,)),
    Row((kinds.COOLIFY_APPLICATION,), "variables", (entry("DATABASE_PASSWORD", "hunter22"),)),
    Row(
        ("document:alertmanager",),
        "global",
        (entry("smtp_auth_password", "hunter22"), entry("slack_api_url", KEYS["slack-webhook"])),
    ),
    Row(
        ("document:datasources",),
        "datasources/0/secureJsonData",
        (entry("basicAuthPassword", "hunter22"),),
        also_absent=True,
    ),
    Row(
        ("document:promtail",),
        "clients/*/basic_auth",
        (to({"username": "x", "password": "hunter22"}),),
        also_absent=True,
    ),
    Row(("document:grafana",), "security/secret_key", (to("SW2YcwTIb9zpOOhoPsMm"),)),
    Row((kinds.DOCKER_CONTAINER,), "envs", (_element("SETTING=%"), more("DB_PASSWORD=hunter22")), also_absent=True),
    Row((kinds.DOCKER_CONTAINER,), "command", (_element("--setting=%"),), also_absent=True),
    Row((kinds.DOCKER_CONTAINER,), "labels", (more({"label": "x", "value": KEYS["stripe"]}),), also_absent=True),
    Row(
        (kinds.FILE,),
        "sourceRaw/data",
        (
            _APPENDED,
            sub(
                "packages:",
                "chpasswd:\n  users:\n  - {name: luxima, password: hunter22}\npackages:",
                "password: hunter22\npackages:",
            ),
        ),
    ),
    Row(
        ("document:cloud-config.yaml",),
        "write_files/0/content",
        (sub("$", "\nDB_PASSWORD=hunter22\n"), to(KEYS["private-key"])),
    ),
    Row(
        ("document:cloud-config.yaml",),
        "users/0",
        (entry("plain_text_passwd", "hunter22"), entry("hashed_passwd", "$6$rounds=4096$abc$def")),
    ),
    Row((kinds.VM, kinds.LXC), "description", (_FEW,)),
    Row((kinds.VM, kinds.LXC), "tags", (_element("%"),)),
    Row((kinds.VM, kinds.LXC), "initialization/userAccount/password", (to("hunter22"),), also_absent=True),
    Row(
        kinds.COMMANDS,
        "create",
        (Operator("add", lambda value: [f"DB_PASSWORD=hunter22 {value}", f"{value} {KEYS['stripe']}"]),),
    ),
    Row(kinds.COMMANDS, "environment", (to({"DB_PASSWORD": "hunter22"}),), also_absent=True),
    Row((kinds.DNS_RECORD,), "records", (_element("%"),)),
    Row((kinds.HELM_CHART,), "values/extraArgs", (_element("--x=%"),), also_absent=True),
)

MACHINES = (
    Row((kinds.VM,), "networkDevices/*/firewall", (REMOVE, NEGATE)),
    Row((kinds.LXC,), "networkInterfaces/*/firewall", (REMOVE, NEGATE)),
    Row((kinds.LXC,), "unprivileged", (REMOVE, NEGATE)),
    Row((kinds.VM, kinds.LXC), "nodeName", (to("pve1", "pve2"),)),
    Row((kinds.VM,), "onBoot", (NEGATE, REMOVE)),
    Row((kinds.LXC,), "startOnBoot", (NEGATE, REMOVE)),
    Row((kinds.VM,), "agent/enabled", (NEGATE,)),
    Row((kinds.VM,), "memory/dedicated", (to(512),)),
    Row((kinds.VM,), "cpu/cores", (to(1),)),
    Row((kinds.VM,), "memory/floating", (to(128),), also_absent=True),
    Row(("document:cloud-config.yaml",), "ssh_pwauth", (NEGATE, REMOVE)),
    Row(("document:cloud-config.yaml",), "disable_root", (NEGATE,)),
    Row(("document:cloud-config.yaml",), "users/0/lock_passwd", (NEGATE,)),
    Row(
        ("document:cloud-config.yaml",),
        "write_files/*/content",
        (
            sub("PasswordAuthentication no", "PasswordAuthentication yes"),
            sub("PermitRootLogin no", "PermitRootLogin yes"),
        ),
    ),
    Row(("document:cloud-config.yaml",), "packages", (to(["curl"]),)),
    Row((kinds.DOCKER_CONTAINER,), "privileged", (to(True),), also_absent=True),
    Row((kinds.DOCKER_CONTAINER,), "capabilities", (REMOVE, CLEAR)),
    Row((kinds.DOCKER_CONTAINER,), "capabilities/adds", (more("SYS_ADMIN", "ALL"),), also_absent=True),
    Row(
        (kinds.DOCKER_CONTAINER,),
        "securityOpts",
        (REMOVE, CLEAR, to(["no-new-privileges:false"]), more("seccomp=unconfined", "apparmor=unconfined")),
    ),
    Row((kinds.DOCKER_CONTAINER,), "memory", (REMOVE,)),
    Row((kinds.DOCKER_CONTAINER,), "memorySwap", (REMOVE, to(-1))),
    Row((kinds.DOCKER_CONTAINER,), "healthcheck", (REMOVE,)),
    Row((kinds.DOCKER_CONTAINER,), "healthcheck/tests", (to(["NONE"]),)),
    Row((kinds.DOCKER_CONTAINER,), "restart", (REMOVE, to("no"))),
    Row((kinds.DOCKER_CONTAINER,), "pidMode", (to("host"),), also_absent=True),
    Row((kinds.DOCKER_CONTAINER,), "ipcMode", (to("host"),), also_absent=True),
    Row((kinds.DOCKER_CONTAINER,), "usernsMode", (to("host"),), also_absent=True),
    Row((kinds.DOCKER_CONTAINER,), "user", (to("0:0", "root"), REMOVE)),
    Row((kinds.DOCKER_CONTAINER,), "readOnly", (NEGATE,)),
    Row((kinds.DOCKER_CONTAINER,), "mounts/*/readOnly", (NEGATE,)),
    # Of PostgreSQL's files, in the container that backs them up.
    Row((kinds.DOCKER_CONTAINER,), "mounts/3/readOnly", (NEGATE,)),
    Row(
        (kinds.DOCKER_CONTAINER,),
        "mounts",
        (
            more(
                {"type": "bind", "source": "/var/run/docker.sock", "target": "/s"},
                {"type": "bind", "source": "/etc", "target": "/x"},
            ),
        ),
        also_absent=True,
    ),
    Row((kinds.DOCKER_CONTAINER,), "devices", (more({"hostPath": "/dev/sda"}),), also_absent=True),
)
_ = RENAME
