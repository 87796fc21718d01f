"""The names of metrics in a PromQL expression, read without a parser: good enough for the platform's own rules."""

import re

_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_SELECTOR = re.compile(r"\{[^{}]*\}")
_WINDOW = re.compile(r"\[[^\[\]]*\]|\boffset\s+\w+")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)")
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*\b(?!\s*\()")
_WORDS = {"and", "or", "unless", "by", "without", "on", "ignoring", "bool", "offset", "inf", "nan"}


def metrics(expression: str) -> set[str]:
    """Names that are neither functions, operators nor labels."""
    bare = _TEXT.sub('""', expression)
    for pattern in (_SELECTOR, _WINDOW, _GROUPING):
        bare = pattern.sub(" ", bare)
    # What is left of a duration or a number starts with a digit.
    bare = re.sub(r"\b[0-9][0-9a-zA-Z.]*", " ", bare)
    return {name for name in _NAME.findall(bare) if name.lower() not in _WORDS}
