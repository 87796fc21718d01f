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
_CODES: Final = (
    r"(?:\b|_)(?:[ht]?otp|pin|cvv|cvc)(?:_?code)?(?:\b|_)|passcode|one[_ -]?time[_ -]?(?:code|pin)|"
    "(?:mfa|2fa|verification|verify|security|login|sign[_-]?in|confirmation|authentication|recovery|backup|reset)"
    "[_ -]?code"
)
"""Parts of a name whose value is good for one login (or one payment)."""
_SAID: Final = (
    r"\b(?:[ht]?otp|passcode|one[- ]?time (?:code|password|pin)|"
    r"(?:verification|security|login|sign[- ]?in|confirmation|authentication|access|reset) code|"
    r"kode (?:otp|verifikasi|keamanan|masuk|akses|rahasia)|kode sekali pakai)\b"
)
"""The same as people say it, in English and Indonesian."""
_HEADERS: Final = (
    "(?:proxy-)?authorization|(?:set-)?cookie|apikey|"
    "x-(?:[a-z0-9]+-)*(?:api-?key|token|secret|signature|credential|auth)(?:-[a-z0-9]+)*"
)
"""Headers whose value is a secret, all of it."""
_NEXT: Final = r"(?:[?&;]|\\u0026|%3F|%26)"
"""What stands before a parameter in a URL, also in one that is written into JSON or into another URL."""

PATTERNS: Final[dict[str, str]] = {
    "private key": r'(-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[^-"]|-[^-"])*(?:-----END [A-Z ]*PRIVATE KEY-----)?)',
    # A key that a program writes line by line: nothing but base64, as long as PEM's lines, or its padded last one.
    "base64 line": (
        r"(?m)^\s*([A-Za-z0-9+/]{40,76}={0,2}|[A-Za-z0-9+/]{4,76}={1,2}|-----END [A-Z ]*PRIVATE KEY-----)\s*$"
    ),
    "headers as lists": rf'(?i)\\*"(?:{_HEADERS})\\*"\s*:\s*\[\s*\\*"([^\]]*[^\]"\\])\\*"\s*\]',
    "header and value": (rf'(?i)\\*"(?:{_HEADERS})\\*"\s*,\s*(?:\\*"[a-z]+\\*"\s*:\s*)?\\*"([^"\\]+)'),
    "quoted header": rf"(?i)'(?:{_HEADERS})'\s*[:,]\s*\[?\s*'([^'\]]+)",
    "JSON value": rf'(?i)"[a-z0-9_.-]*(?:{_NAMES}|{_CODES})[a-z0-9_.-]*"\s*:\s*"((?:[^"\\]|\\.)+)"',
    "escaped JSON value": rf'(?i)\\+"[a-z0-9_.-]*(?:{_NAMES}|{_CODES})[a-z0-9_.-]*\\+"\s*:\s*\\+"([^"\\]+)',
    "JSON header": rf'(?i)\\*"(?:{_HEADERS})\\*"\s*:\s*\\*"([^"\\]+)',
    "code as a number": rf'(?i)(?:^|[^\\])"[a-z0-9_.-]*(?:{_CODES})[a-z0-9_.-]*"\s*:\s*([0-9]{{4,10}})\b',
    "escaped code as a number": rf'(?i)\\+"[a-z0-9_.-]*(?:{_CODES})[a-z0-9_.-]*\\+"\s*:\s*([0-9]{{4,10}})\b',
    "base64 message": (
        r'\\*"(?:MESSAGE|message|msg|log|line|text|body|dump)\\*"\s*:\s*\\*"'
        r'([A-Za-z0-9+/]{40,76}={0,2}|[A-Za-z0-9+/]{4,76}={1,2})\\*"'
    ),
    "header": (
        r"(?i)\b(?:(?:authorization|proxy-authorization|(?:set-)?cookie|x-api-key|apikey)\s*[:=]|"
        rf'(?:{_HEADERS}):)\s*([^"\r\n\\]+)'
    ),
    "header in a URL": r"(?i)(?:authorization|cookie)(?:%3A|%3D)(?:%20|\+)*([^&\s\"'\\]+)",
    "rest of a header": r'(?i)\b(?:response|cnonce)=\\*"([0-9a-f]{8,})',
    "bearer token": r"(?i)\bbearer\s+([A-Za-z0-9._~+/=-]{8,})",
    "basic credentials": r"(?i)\bbasic\s+([A-Za-z0-9+/]{6,}={1,2})",
    "JSON Web Token": r"(eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)?)",
    "signed URL": (
        rf"(?i)(?:{_NEXT}|\b)(?:x-(?:amz|goog)-(?:signature|credential|security-token)|signature|sig|hmac|"
        r"samlresponse|samlrequest|code_verifier|token_hash)=([^&\s\"'<>\\;,]{4,})"
    ),
    "parameter of a URL": (
        rf"(?i){_NEXT}(?:code|state|nonce|ticket|key|hash|auth|jwt|policy|sid|session(?:_?id)?|assertion|invite|"
        r"confirmation)=([^&\s\"'<>\\;,]{8,})"
    ),
    "quoted assignment": rf"(?i)[a-z0-9_.-]*(?:{_NAMES}|{_CODES})[a-z0-9_.-]*\s*=\s*\\?[\"']([^\"'\\]+)",
    "assignment": rf"(?i)[a-z0-9_.-]*(?:{_NAMES}|{_CODES}|\bpwd)[a-z0-9_.-]*=([^\s\"'&,;\\\[\]]+)",
    "SQL": r"(?i)\bpassword\s+'([^']+)'",
    "spoken": rf"(?i)\b(?:{_NAMES}|{_CODES}):\s+([^\s\"'&,;\\\[\]]+)",
    "code of a mail": r'(?i)\\*"code\\*"\s*:\s*\\*"([0-9]{6}|[0-9]{8})\\*"',
    "code that is said": rf'(?i){_SAID}[^0-9"\\\r\n]{{0,40}}\b([0-9]{{3}}[ -][0-9]{{3,4}}|[0-9]{{4,10}})\b',
    "code said first": (
        r"(?i)\b([0-9]{3}[ -][0-9]{3,4}|[0-9]{4,10}) (?:is|adalah) (?:your|the|kode)\b"
        r'(?:[^"\\\r\n]{0,30}\b(?:code|passcode|otp|pin)|[^"\\\r\n]{0,3}\b(?:otp|verifikasi|keamanan|masuk|akses))\b'
    ),
    "recovery code": r"(?i)\b(?:recovery|backup) codes?\W{0,3}((?:[a-z0-9]{4,10}-)+[a-z0-9]{4,10})\b",
    "user in a URL": r"://[^\s:/@\"]*:([^\s/@\"]+)@",
    "access key id": r"\b((?:AKIA|ASIA)[0-9A-Z]{16})\b",
    "token of a service": (
        r"\b(gh[oprsu]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,}|glpat-[A-Za-z0-9_-]{20,}|xox[abeprs]-[A-Za-z0-9-]{10,}|"
        r"sk_(?:live|test)_[A-Za-z0-9]{16,}|sb[pv]?_(?:secret_)?[A-Za-z0-9_-]{20,}|pul-[a-f0-9]{40})"
    ),
    "token of a bot": r"(?:\b|/bot)([0-9]{6,12}:[A-Za-z0-9_-]{30,60})\b",
    "web hook": (
        r"https://(?:hooks\.slack\.com/services|hc-ping\.com|discord(?:app)?\.com/api/webhooks)/([A-Za-z0-9/_-]+)"
    ),
}
"""By what they find, in the order in which they are tried."""


def stages() -> list[dict[str, Any]]:
    """Pipeline stages that mask the line."""
    return [
        {"replace": {"expression": pattern, "replace": f'"{MASK}"' if name == "code as a number" else MASK}}
        for name, pattern in PATTERNS.items()
    ]
