"""The Proxmox VE exporter's documents (MON-2)."""

from settings import Settings

AUTHORITY = "authority.pem"
"""File with the certificate of the authority that signed the API's."""


def documents(settings: Settings) -> dict[str, str]:
    """Texts by file name; none where a public authority signed."""
    authority = settings.compute.authority
    return {} if authority is None else {AUTHORITY: authority}
