"""The private image registry: what was built reaches the machines that run it by it (INF-6, REL-5)."""

from components.delivery.credentials import Login, RegistryUsers, pull_config
from components.delivery.documents import SIDES, config_yaml
from components.delivery.registry import BucketKey, Registry, RegistryArgs

__all__ = ["SIDES", "BucketKey", "Login", "Registry", "RegistryArgs", "RegistryUsers", "config_yaml", "pull_config"]
