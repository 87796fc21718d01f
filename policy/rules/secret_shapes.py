"""How secrets of all kinds look: keys of vendors, connections with a password, logins on command lines."""

from __future__ import annotations

import re
from typing import Final


def _word(word: str, start: str, rest: str, before: str = r"\b") -> tuple[str, str, re.Pattern[str]]:
    """A row of which a part is always the same: regular expressions find one that begins with a literal much faster."""
    literal = re.escape(start)
    return word, start, re.compile(f"{literal}(?<={before}{literal}){rest}")


SHAPES: Final = (
    ("a private key", "PRIVATE KEY", re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----")),
    _word("an age key", "AGE-SECRET-KEY-1", r"[A-Z0-9]{20,}"),
    _word("an AWS-style access key", "A", r"[KS]IA[A-Z0-9]{16}\b"),
    _word("a JSON web token", "eyJ", r"[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
    _word("a Slack token", "xox", r"[abeoprs]-[A-Za-z0-9-]{10,}"),
    (
        "a Slack webhook",
        "hooks.slack.com",
        re.compile(r"hooks\.slack\.com/services/[A-Za-z0-9]+/[A-Za-z0-9]+/[A-Za-z0-9]{12,}"),
    ),
    _word("a GitHub token", "gh", r"(?:[opusr]_[A-Za-z0-9]{30,}|ithub_pat_[A-Za-z0-9_]{30,})"),
    (
        "a Telegram bot token",
        ":",
        re.compile(r":(?=[A-Za-z0-9_-]{35}\b)(?:(?<=\b\d{8}:)|(?<=\b\d{9}:)|(?<=\b\d{10}:))"),
    ),
    _word("a k3s join token", "K10", r"[0-9a-f]{32,}::"),
    _word("a Proxmox API token", "@p", r"(?:am|ve)![\w.-]+=[0-9a-f]{8}-[0-9a-f-]{27}\b", r"[\w.-]"),
    _word("a Stripe key", "k_", r"(?:live|test)_[A-Za-z0-9]{16,}", r"\b[rs]"),
    _word("a Google API key", "AIza", r"[A-Za-z0-9_-]{35}\b"),
    _word("a GitLab token", "gl", r"(?:pat|rt|dt|ptt|cbt|ft|soat|imt)-[A-Za-z0-9_-]{20,}"),
    _word("a SendGrid key", "SG.", r"[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    _word("an npm token", "npm_", r"[A-Za-z0-9]{36}\b"),
    _word("a Supabase key", "sb", r"(?:p|_secret)_[A-Za-z0-9_-]{20,}"),
    _word("a Shopify token", "shp", r"(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}\b"),
    _word("an API key of a model", "sk-", r"(?:proj-|ant-|svcacct-)?[A-Za-z0-9_-]{20,}"),
    _word("a Docker token", "dckr_", r"(?:pat|oat)_[A-Za-z0-9_-]{20,}"),
    _word("a Grafana token", "gl", r"(?:sa|c)_[A-Za-z0-9_+/=-]{20,}"),
    _word("a Vault token", "hv", r"[bsr]\.[A-Za-z0-9_-]{20,}"),
    _word("a DigitalOcean token", "_v1_", r"[a-f0-9]{64}\b", r"\bdo[oprt]"),
    _word("a Pulumi token", "pul-", r"[a-f0-9]{40}\b"),
    _word("a Fly token", "fm", r"[12]r?_[A-Za-z0-9+/=_-]{30,}"),
    ("a Discord webhook", "/webhooks/", re.compile(r"discord(?:app)?\.com/api/webhooks/\d+/[A-Za-z0-9_-]{30,}")),
    _word("an Azure key", "AccountKey=", r"[A-Za-z0-9+/=]{40,}"),
    (
        "a connection string with a password",
        "assword=",
        re.compile(r"(?:[Ss]erver|[Hh]ost|[Uu]ser(?: Id)?)=[^;\s]+[;\s].*\b[Pp]assword=(?![$%{<])[^\s;]{4,}"),
    ),
    _word("a URL with a password", "://", r"[^\s/:@'\"]*:(?![$%{<])[^\s/@'\"]+@[^\s/]", "[a-z0-9+.-]{3}"),
    *(
        _word(f"a key of {vendor}", start, rest)
        for vendor, start, rest in (
            ("Slack", "xapp-", r"\d-[A-Z0-9]+-\d+-[A-Za-z0-9]{20,}"),
            ("Google", "GOCSPX-", r"[A-Za-z0-9_-]{20,}"),
            ("Doppler", "dp.", r"(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9._-]{30,}"),
            ("Linear", "lin_", r"(?:api|oauth)_[A-Za-z0-9]{30,}"),
            ("Notion", "ntn_", r"[A-Za-z0-9]{40,}"),
            ("PlanetScale", "pscale_", r"(?:pw|tkn|oauth)_[A-Za-z0-9_.-]{30,}"),
            ("Postman", "PMAK-", r"[0-9a-f]{24}-[0-9a-f]{34}"),
            ("Sentry", "sntry", r"[su]_[A-Za-z0-9_=+/-]{30,}"),
            ("Netlify", "nf", r"[pcoub]_[A-Za-z0-9]{36,}"),
            ("Tailscale", "tskey-", r"(?:auth|api|client|scim|webhook)-[A-Za-z0-9-]{20,}"),
            ("Square", "sq0", r"[a-z]{3}-[A-Za-z0-9_-]{22,}"),
            ("Vercel", "vc", r"[pikar]_[A-Za-z0-9]{24,}"),
            ("Render", "rnd_", r"[A-Za-z0-9]{24,}"),
        )
    ),
    _word("a key of Terraform", ".atlasv1.", r"[A-Za-z0-9_-]{60,}", r"\b[A-Za-z0-9]{14}"),
    ("a key of Laravel", "|", re.compile(r"\|(?<=\d\|)[A-Za-z0-9]{40,48}(?![A-Za-z0-9])")),
    _word("a login for a registry", '"auth"', r'\s*:\s*"(?=[^"]*[A-Za-z])[A-Za-z0-9+/]{8,}={0,2}"', ""),
    (
        "a password in XML",
        "</",
        re.compile(r"<([\w.-]*(?:password|passwd|secret|token))>(?![$%{])[^<\s]{4,}</\1>", re.IGNORECASE),
    ),
    (
        "a line of .pgpass",
        ":",
        re.compile(r"^(?:\*|[\w.-]*[G-Zg-z.][\w.-]*):(?:\d{3,5}|\*):[\w*-]+:[\w*-]+:(?![$<{])\S{4,}$", re.MULTILINE),
    ),
    ("a PuTTY key", "PuTTY-User-Key-File", re.compile(r"PuTTY-User-Key-File-\d")),
    _word("a Twilio key", "SK", r"[0-9a-f]{32}\b"),
    _word("a Twilio key", "AC", r"[0-9a-f]{32}:[0-9a-f]{32}\b"),
    _word("a Mailgun key", "key-", r"[0-9a-f]{32}\b"),
    _word("a Mailchimp key", "-us", r"\d{1,2}\b", r"\b[0-9a-f]{32}"),
    _word("a Brevo key", "xkeysib-", r"[0-9a-f]{32,}"),
    _word("a URL with a key", "http", r"s?://[0-9a-f]{32}(?::[0-9a-f]{32})?@"),
    _word("a Hugging Face token", "hf_", r"[A-Za-z0-9]{30,}"),
    _word("a Cloudflare key", "v1.0-", r"[0-9a-f]{24}-[0-9a-f]{60,}"),
    _word("an Atlassian token", "ATATT3x", r"[A-Za-z0-9_=-]{20,}"),
    _word("a Databricks token", "dapi", r"[0-9a-f]{32}\b"),
    _word("a New Relic key", "NRAK-", r"[A-Z0-9]{20,}"),
    _word("a Plane token", "plane_api_", r"[0-9a-f]{32}"),
    _word("a payment provider's key", "xnd_", r"(?:production|development)_[A-Za-z0-9_-]{16,}"),
    _word("a payment provider's key", "Mid-server-", r"[A-Za-z0-9_-]{16,}"),
    _word("a webhook's secret", "whsec_", r"[A-Za-z0-9+/=]{16,}"),
    _word("a Heroku key", "HRKU-", r"[A-Za-z0-9_-]{20,}"),
    ("a Teams webhook", "webhook.office.com", re.compile(r"webhook\.office\.com/webhookb2/[^\s/]+/")),
    _word("a RubyGems key", "rubygems_", r"[0-9a-f]{48}"),
    _word("an Airtable token", "pat", r"[A-Za-z0-9]{14}\.[0-9a-f]{64}"),
    ("a password's hash", "$", re.compile(r"\$(?:2[aby]|apr1|5|6|y|argon2id?)\$[^\s'\"$]{2,}[^\s'\"]{18,}")),
    (
        "a login in a URL's question",
        "=",
        re.compile(
            r"[?&](?:password|passwd|pwd|token|secret|api_?key|access_token|sig)=(?![$%{<])[^\s&\"'`]{6,}",
            re.IGNORECASE,
        ),
    ),
    *(
        _word(
            "a login in a header", name, r"(?=[A-Za-z+/=._~-]*\d)[A-Za-z0-9+/._~-]{12,}={0,2}(?![A-Za-z0-9])", r"\b[Bb]"
        )
        for name in ("asic ", "earer ")
    ),
    *(
        _word("a login on a command line", start, rest, before)
        for before, start, rest in (
            (r"\b", "curl", r"\b[^\n|;]*\s(?:-u|--user)[ =]?['\"]?[^\s:'\"$]+:(?![$<{])[^\s'\"]{4,}"),
            (r"\b", "sshpass", r"\s+-p\s*(?![$<{'\"])\S{4,}"),
            (
                r"\s",
                "--",
                r"(?:[a-z-]*-)?(?:token|password|passwd|secret|api-?key)[ =](?![-$<{/'\"])[^\s'\"]{6,}",
            ),
        )
    ),
    (
        "a password for chpasswd",
        "chpasswd",
        re.compile(r"[\w.-]+:(?![$<{])[^\s:|'\"]{4,}['\"]?\s*\|\s*(?:sudo )?chpasswd"),
    ),
    _word("a login for netrc", "machine ", r"\S+\s+login \S+\s+password (?![$<{])\S+"),
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
