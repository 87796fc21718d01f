"""Coolify: its containers on a Docker host, and what it deploys there (INF-3)."""

from components.delivery.coolify.applications import Applications, ApplicationsArgs
from components.delivery.coolify.room import Coolify, CoolifyArgs

__all__ = ["Applications", "ApplicationsArgs", "Coolify", "CoolifyArgs"]
