"""The secrets that a stack needs: their forms, and the one table of them."""

from settings.secrets.checking import SecretsSet, check, check_needed
from settings.secrets.generated import CONSEQUENCE, GENERATED, Generated, RotationKind
from settings.secrets.model import Reader, Secret
from settings.secrets.table import SECRETS, told_to

__all__ = [
    "CONSEQUENCE",
    "GENERATED",
    "SECRETS",
    "Generated",
    "Reader",
    "RotationKind",
    "Secret",
    "SecretsSet",
    "check",
    "check_needed",
    "told_to",
]
