"""What must never reach Loki, and the pipeline stages that take it out of a line before it leaves the machine (SEC-2).

Patterns are RE2. Each has one capturing group, which is replaced; what stands around it stays, so a line keeps its
form (JSON stays JSON) and tells that something was there.
"""

from typing import Any, Final

MASK: Final = "[masked]"
"""Stands for a secret. An alert counts it: a service that logs secrets has to be mended."""

_NAMES: Final = (
    "password|passwd|passphrase|secret|api[_-]?key|apikey|token|private[_-]?key|access[_-]?key|authorization|cookie|"
    "credential|service_role|connection_?string"
)
"""Parts of a name whose value is a secret."""

PATTERNS: Final[dict[str, str]] = {
    "private key": r'(-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[^-"]|-[^-"])*(?:-----END [A-Z ]*PRIVATE KEY-----)?)',
    # A key that a program writes line by line: nothing but base64, as long as PEM's lines, or its padded last one.
    "base64 line": r"^\s*([A-Za-z0-9+/]{40,76}={0,2}|[A-Za-z0-9+/]{4,76}={1,2}|-----END [A-Z ]*PRIVATE KEY-----)\s*$",
    "JSON value": rf'(?i)"[a-z0-9_.-]*(?:{_NAMES})[a-z0-9_.-]*"\s*:\s*"((?:[^"\\]|\\.)+)"',
    "escaped JSON value": rf'(?i)\\+"[a-z0-9_.-]*(?:{_NAMES})[a-z0-9_.-]*\\+"\s*:\s*\\+"([^"\\]+)',
    "base64 message": (
        r'\\*"(?:MESSAGE|message|msg|log|line|text|body|dump)\\*"\s*:\s*\\*"'
        r'([A-Za-z0-9+/]{40,76}={0,2}|[A-Za-z0-9+/]{4,76}={1,2})\\*"'
    ),
    "header": r'(?i)\b(?:authorization|proxy-authorization|(?:set-)?cookie|x-api-key|apikey)\s*[:=]\s*([^"\r\n\\]+)',
    "bearer token": r"(?i)\bbearer\s+([A-Za-z0-9._~+/=-]{8,})",
    "basic credentials": r"(?i)\bbasic\s+([A-Za-z0-9+/]{6,}={1,2})",
    "JSON Web Token": r"(eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)?)",
    "quoted assignment": rf"(?i)[a-z0-9_.-]*(?:{_NAMES})[a-z0-9_.-]*\s*=\s*\\?[\"']([^\"'\\]+)",
    "assignment": rf"(?i)[a-z0-9_.-]*(?:{_NAMES}|\bpwd)[a-z0-9_.-]*=([^\s\"'&,;\\\[\]]+)",
    "SQL": r"(?i)\bpassword\s+'([^']+)'",
    "spoken": rf"(?i)\b(?:{_NAMES}):\s+([^\s\"'&,;\\\[\]]+)",
    "user in a URL": r"://[^\s:/@\"]*:([^\s/@\"]+)@",
    "access key id": r"\b((?:AKIA|ASIA)[0-9A-Z]{16})\b",
    "token of a service": (
        r"\b(gh[oprsu]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,}|glpat-[A-Za-z0-9_-]{20,}|xox[abeprs]-[A-Za-z0-9-]{10,}|"
        r"sk_(?:live|test)_[A-Za-z0-9]{16,}|sb[pv]?_(?:secret_)?[A-Za-z0-9_-]{20,}|pul-[a-f0-9]{40}|[0-9]{8,10}:[A-Za-z0-9_-]{35})"
    ),
    "web hook": r"https://hooks\.slack\.com/services/([A-Za-z0-9/_-]+)",
}
"""By what they find, in the order in which they are tried."""


def stages() -> list[dict[str, Any]]:
    """Pipeline stages that mask the line."""
    return [{"replace": {"expression": pattern, "replace": MASK}} for pattern in PATTERNS.values()]
