"""Tempo's document (MON-4)."""

from components.observability.tempo.config import config
from components.text import to_yaml
from settings import Settings

__all__ = ["documents"]


def documents(settings: Settings) -> dict[str, str]:
    """Texts by file name."""
    return {"tempo.yaml": to_yaml(config(settings))}
