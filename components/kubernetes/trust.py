"""Whom pods trust besides the public authorities: the private CA, for names without a public one (SEC-1).

Its certificate lies in a Secret of each namespace whose pods call a name of the platform.
"""

from typing import Final

from components.kubernetes.files import Files
from components.kubernetes.pod import Mount
from settings import Settings

_FOLDER: Final = "/etc/private-ca"
_KEY: Final = "ca.crt"


def authority_path(settings: Settings) -> str | None:
    """Path of the private CA's certificate in a pod; None where a public authority signs."""
    return None if settings.edge.certificates.authority_secret is None else f"{_FOLDER}/{_KEY}"


def authority_mounts(settings: Settings) -> list[Mount]:
    """What a program mounts to trust it; the pod waits until cert-manager has made it."""
    secret = settings.edge.certificates.authority_secret
    return [] if secret is None else [Mount("private-ca", _FOLDER, files=Files(secrets={secret: {_KEY: _KEY}}))]
