"""What the registry's two sides and its collector are told; no secret is in it, so policies read it in a preview."""

from dataclasses import dataclass
from typing import Any, Final

from components.delivery.credentials import Use
from components.text import to_yaml
from settings import Settings
from settings.delivery import PULL_METRICS_PORT, PULL_PORT, PUSH_METRICS_PORT, PUSH_PORT

FOLDER: Final = "/etc/distribution"
CONFIG: Final = "config.yml"
HTPASSWD: Final = "htpasswd"
CREDENTIALS: Final = "credentials"
AUTHORITY: Final = "authority.pem"
DRAIN_SECONDS: Final = 30
"""How long a registry that is stopped finishes what is under way."""
_DAYS_OF_UPLOADS: Final = 7


@dataclass(frozen=True)
class Side:
    """One registry process on the bucket."""

    use: Use
    port: int
    metrics_port: int
    storage_user: str
    """Whose key of the object storage it has."""
    users: tuple[Use, ...]
    """Whose passwords it takes."""

    @property
    def name(self) -> str:
        """Name of the container."""
        return f"registry-{self.use}"


PULL: Final = Side("pull", PULL_PORT, PULL_METRICS_PORT, "registry-pull", ("push", "pull"))
"""It cannot write: its key of the object storage reads only."""
PUSH: Final = Side("push", PUSH_PORT, PUSH_METRICS_PORT, "registry-push", ("push",))
"""It knows no user but those that push, and it alone deletes."""
SIDES: Final = (PULL, PUSH)
COLLECTOR: Final = "registry-collect"
"""Container that removes what no image needs, while nothing is pushed."""


def config_yaml(settings: Settings, side: Side) -> str:
    """config.yml of one side."""
    writes = side.use == "push"
    purging: dict[str, Any] = {"enabled": writes}
    if writes:
        purging |= {"age": f"{_DAYS_OF_UPLOADS * 24}h", "interval": "24h", "dryrun": False}
    document: dict[str, Any] = {
        "version": 0.1,
        "log": {"level": "info", "formatter": "json", "fields": {"service": side.name}},
        "storage": {
            # The key is in a file of its own.
            "s3": {
                "region": settings.storage.region,
                "regionendpoint": f"https://{settings.storage.endpoint}",
                "bucket": settings.storage.bucket_name("registry"),
                "forcepathstyle": True,
                "secure": True,
            },
            # A client never talks to the object storage.
            "redirect": {"disable": True},
            "delete": {"enabled": writes},
            "maintenance": {"uploadpurging": purging, "readonly": {"enabled": not writes}},
        },
        "auth": {"htpasswd": {"realm": "luxima", "path": f"{FOLDER}/{HTPASSWD}"}},
        "http": {
            "addr": f":{side.port}",
            # As clients see it, behind the gateways.
            "host": f"https://{settings.environment.registry_host}",
            "draintimeout": f"{DRAIN_SECONDS}s",
            "headers": {"X-Content-Type-Options": ["nosniff"]},
            "debug": {"addr": f":{side.metrics_port}", "prometheus": {"enabled": True, "path": "/metrics"}},
        },
    }
    return to_yaml(document)


def credentials_file(access_key: str, secret_key: str) -> str:
    """The key of the object storage as the S3 library reads it; secret."""
    return f"[default]\naws_access_key_id = {access_key}\naws_secret_access_key = {secret_key}\n"
