"""What handlers of objects of the Proxmox VE API have in common; the client is imported when it is made."""

from typing import TYPE_CHECKING

from sandbox.providers.handlers import OnServer

if TYPE_CHECKING:
    from sandbox.providers.proxmoxve.client import Client

    OnApi = OnServer[Client]
else:
    OnApi = OnServer
