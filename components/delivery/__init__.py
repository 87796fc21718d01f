"""How what was built reaches the machines that run it: the image registry and Coolify (INF-3, INF-6, REL-5)."""

from components.delivery.coolify import Applications, ApplicationsArgs, Coolify, CoolifyArgs
from components.delivery.credentials import Login, RegistryUsers, pull_config
from components.delivery.documents import SIDES, config_yaml
from components.delivery.registry import BucketKey, Registry, RegistryArgs

__all__ = [
    "SIDES",
    "Applications",
    "ApplicationsArgs",
    "BucketKey",
    "Coolify",
    "CoolifyArgs",
    "Login",
    "Registry",
    "RegistryArgs",
    "RegistryUsers",
    "config_yaml",
    "pull_config",
]
