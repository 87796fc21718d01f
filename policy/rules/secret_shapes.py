"""How secrets of all kinds look: keys of vendors, connections with a password, logins on command lines."""

from __future__ import annotations

import re
from typing import Final

SHAPES: Final = (
    ("a private key", "PRIVATE KEY", re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----")),
    ("an age key", "AGE-SECRET-KEY-1", re.compile(r"\bAGE-SECRET-KEY-1[A-Z0-9]{20,}")),
    ("an AWS-style access key", "IA", re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")),
    ("a JSON web token", "eyJ", re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}")),
    ("a Slack token", "xox", re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}")),
    (
        "a Slack webhook",
        "hooks.slack.com",
        re.compile(r"hooks\.slack\.com/services/[A-Za-z0-9]+/[A-Za-z0-9]+/[A-Za-z0-9]{12,}"),
    ),
    ("a GitHub token", "gh", re.compile(r"\b(?:gh[opusr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,})")),
    ("a Telegram bot token", ":", re.compile(r"\b\d{8,10}:[A-Za-z0-9_-]{35}\b")),
    ("a k3s join token", "K10", re.compile(r"\bK10[0-9a-f]{32,}::")),
    ("a Proxmox API token", "!", re.compile(r"\b[\w.-]+@(?:pam|pve)![\w.-]+=[0-9a-f]{8}-[0-9a-f-]{27}\b")),
    ("a Stripe key", "k_", re.compile(r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}")),
    ("a Google API key", "AIza", re.compile(r"\bAIza[A-Za-z0-9_-]{35}\b")),
    ("a GitLab token", "gl", re.compile(r"\bgl(?:pat|rt|dt|ptt|cbt|ft|soat|imt)-[A-Za-z0-9_-]{20,}")),
    ("a SendGrid key", "SG.", re.compile(r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}")),
    ("an npm token", "npm_", re.compile(r"\bnpm_[A-Za-z0-9]{36}\b")),
    ("a Supabase key", "sb", re.compile(r"\bsb(?:p|_secret)_[A-Za-z0-9_-]{20,}")),
    ("a Shopify token", "shp", re.compile(r"\bshp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}\b")),
    ("an API key of a model", "sk-", re.compile(r"\bsk-(?:proj-|ant-|svcacct-)?[A-Za-z0-9_-]{20,}")),
    ("a Docker token", "dckr_", re.compile(r"\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}")),
    ("a Grafana token", "gl", re.compile(r"\bgl(?:sa|c)_[A-Za-z0-9_+/=-]{20,}")),
    ("a Vault token", "hv", re.compile(r"\bhv[bsr]\.[A-Za-z0-9_-]{20,}")),
    ("a DigitalOcean token", "_v1_", re.compile(r"\bdo[oprt]_v1_[a-f0-9]{64}\b")),
    ("a Pulumi token", "pul-", re.compile(r"\bpul-[a-f0-9]{40}\b")),
    ("a Fly token", "fm", re.compile(r"\bfm[12]r?_[A-Za-z0-9+/=_-]{30,}")),
    ("a Discord webhook", "/webhooks/", re.compile(r"discord(?:app)?\.com/api/webhooks/\d+/[A-Za-z0-9_-]{30,}")),
    ("an Azure key", "AccountKey=", re.compile(r"\bAccountKey=[A-Za-z0-9+/=]{40,}")),
    (
        "a connection string with a password",
        "assword=",
        re.compile(r"(?:[Ss]erver|[Hh]ost|[Uu]ser(?: Id)?)=[^;\s]+[;\s].*\b[Pp]assword=(?![$%{<])[^\s;]{4,}"),
    ),
    ("a URL with a password", "://", re.compile(r"\b[a-z][a-z0-9+.-]{2,}://[^\s/:@'\"]*:(?![$%{<])[^\s/@'\"]+@[^\s/]")),
    ("a PuTTY key", "PuTTY-User-Key-File", re.compile(r"PuTTY-User-Key-File-\d")),
    ("a Twilio key", "SK", re.compile(r"\bSK[0-9a-f]{32}\b")),
    ("a Twilio key", "AC", re.compile(r"\bAC[0-9a-f]{32}:[0-9a-f]{32}\b")),
    ("a Mailgun key", "key-", re.compile(r"\bkey-[0-9a-f]{32}\b")),
    ("a Mailchimp key", "-us", re.compile(r"\b[0-9a-f]{32}-us\d{1,2}\b")),
    ("a Brevo key", "xkeysib-", re.compile(r"\bxkeysib-[0-9a-f]{32,}")),
    ("a URL with a key", "@", re.compile(r"\bhttps?://[0-9a-f]{32}(?::[0-9a-f]{32})?@")),
    ("a Hugging Face token", "hf_", re.compile(r"\bhf_[A-Za-z0-9]{30,}")),
    ("a Cloudflare key", "v1.0-", re.compile(r"\bv1\.0-[0-9a-f]{24}-[0-9a-f]{60,}")),
    ("an Atlassian token", "ATATT3x", re.compile(r"\bATATT3x[A-Za-z0-9_=-]{20,}")),
    ("a Databricks token", "dapi", re.compile(r"\bdapi[0-9a-f]{32}\b")),
    ("a New Relic key", "NRAK-", re.compile(r"\bNRAK-[A-Z0-9]{20,}")),
    ("a Plane token", "plane_api_", re.compile(r"\bplane_api_[0-9a-f]{32}")),
    ("a payment provider's key", "xnd_", re.compile(r"\bxnd_(?:production|development)_[A-Za-z0-9_-]{16,}")),
    ("a payment provider's key", "Mid-server-", re.compile(r"\bMid-server-[A-Za-z0-9_-]{16,}")),
    ("a webhook's secret", "whsec_", re.compile(r"\bwhsec_[A-Za-z0-9+/=]{16,}")),
    ("a Heroku key", "HRKU-", re.compile(r"\bHRKU-[A-Za-z0-9_-]{20,}")),
    ("a Teams webhook", "webhook.office.com", re.compile(r"webhook\.office\.com/webhookb2/[^\s/]+/")),
    ("a RubyGems key", "rubygems_", re.compile(r"\brubygems_[0-9a-f]{48}")),
    ("an Airtable token", "pat", re.compile(r"\bpat[A-Za-z0-9]{14}\.[0-9a-f]{64}")),
    ("a password's hash", "$", re.compile(r"\$(?:2[aby]|apr1|5|6|y|argon2id?)\$[^\s'\"$]{2,}[^\s'\"]{18,}")),
    (
        "a login in a URL's question",
        "=",
        re.compile(
            r"[?&](?:password|passwd|pwd|token|secret|api_?key|access_token|sig)=(?![$%{<])[^\s&\"'`]{6,}",
            re.IGNORECASE,
        ),
    ),
    (
        "a login in a header",
        "a",
        re.compile(r"\b(?:[Bb]asic|[Bb]earer) (?=[A-Za-z+/=._~-]*\d)[A-Za-z0-9+/._~-]{12,}={0,2}(?![A-Za-z0-9])"),
    ),
    (
        "a login on a command line",
        " -",
        re.compile(
            r"\bcurl\b[^\n|;]*\s(?:-u|--user)[ =]?['\"]?[^\s:'\"$]+:(?![$<{])[^\s'\"]{4,}"
            r"|\bsshpass\s+-p\s*(?![$<{'\"])\S{4,}"
            r"|\s--(?:[a-z-]*-)?(?:token|password|passwd|secret|api-?key)[ =](?![-$<{/'\"])[^\s'\"]{6,}"
        ),
    ),
    (
        "a password for chpasswd",
        "chpasswd",
        re.compile(r"[\w.-]+:(?![$<{])[^\s:|'\"]{4,}['\"]?\s*\|\s*(?:sudo )?chpasswd"),
    ),
    ("a login for netrc", "machine ", re.compile(r"\bmachine \S+\s+login \S+\s+password (?![$<{])\S+")),
    *(
        ("a default password", known, re.compile(re.escape(known)))
        for known in (
            *("minioadmin:minioadmin", "your-super-secret-and-long", "this_password_is_insecure"),
            "super-secret-jwt-token",
        )
    ),
)
"""What it is called, a part that it always has (looked for first, for speed), and how it looks."""

DEFAULTS: Final = frozenset(
    {
        *(
            "admin",
            "changeme",
            "default",
            "example",
            "guest",
            "minio",
            "minio123",
            "minioadmin",
            "password",
            "postgres",
        ),
        *("root", "secret", "supabase", "test", "your-super-secret-and-long-postgres-password"),
    }
)
"""Passwords that programs bring, or that examples have."""
