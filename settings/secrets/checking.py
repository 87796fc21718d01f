"""Whether the right secrets are set, each in the right form."""

from collections.abc import Collection, Mapping

from settings.report import Problem
from settings.secrets.table import SECRETS
from settings.values import Area


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
            text = f"is in plain text, so it has leaked; make a new one and set it with `{secret.command(stack)}`"
            problems.append(Problem((secret.key,), text))
        elif isinstance(value, str) and not secret.form.matches(value):
            text = f"has the wrong form; give {secret.form.right}; set it with `{secret.command(stack)}`"
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
            text = f"is not set; set it with `{secret.command(stack)}`; it is the {secret.purpose}"
            problems.append(Problem((secret.key,), text))
        elif secret.key in config and only is not None and only.found(areas) in only.others:
            text = f"is set, but used with {only} only; remove it with "
            problems.append(Problem((secret.key,), f"{text}`pulumi config rm luxima:{secret.key} --stack {stack}`"))
    return problems
