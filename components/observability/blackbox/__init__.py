"""The blackbox exporter's document (MON-2, SEC-1)."""

from components.observability.blackbox.config import config, outside
from components.text import to_yaml
from settings import Settings

__all__ = ["documents", "outside"]


def documents(settings: Settings) -> dict[str, str]:
    """Texts by file name."""
    return {"blackbox.yml": to_yaml(config(settings))}
