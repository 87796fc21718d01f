"""The secrets that a stack needs: their forms, and the one table of them."""

from settings.secrets.table import SECRETS, Reader, Secret, SecretsSet, check, check_needed, told_to

__all__ = ["SECRETS", "Reader", "Secret", "SecretsSet", "check", "check_needed", "told_to"]
