"""A certificate authority of a test, and what it signs."""

import datetime
from dataclasses import dataclass, field

from sandbox import tls

_LIFETIME = datetime.timedelta(days=30)


@dataclass
class Authority:
    """Signs certificates for names."""

    _root: tls.Issued = field(default_factory=lambda: tls.issue_root("test authority", _LIFETIME))

    @property
    def pem(self) -> bytes:
        """Its own certificate."""
        return self._root.certificate

    def certificate(self, *names: str) -> tuple[bytes, bytes]:
        """A new certificate for `names`, and its key."""
        issued = tls.sign(self._root, names, _LIFETIME)
        return issued.certificate, issued.key
