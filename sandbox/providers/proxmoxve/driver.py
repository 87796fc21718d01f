"""The driver: which resource type is done by which handler."""

import threading
from typing import TYPE_CHECKING

from sandbox.providers.base import Properties
from sandbox.providers.handlers import HandlerDriver
from sandbox.providers.proxmoxve import RECORDED
from sandbox.providers.proxmoxve.availability import KeptApart, StartedElsewhere
from sandbox.providers.proxmoxve.containers import Containers
from sandbox.providers.proxmoxve.files import Downloads, Uploads
from sandbox.providers.proxmoxve.firewall import AddressSets, ClusterOptions, GuestOptions, GuestRules
from sandbox.providers.proxmoxve.guests import Guests
from sandbox.providers.proxmoxve.pools import Pools
from sandbox.providers.proxmoxve.settings import settings
from sandbox.providers.proxmoxve.vms import Vms

if TYPE_CHECKING:
    from sandbox.providers.proxmoxve.client import Client


class ProxmoxDriver(HandlerDriver):
    """Drives a Proxmox VE API by API token."""

    def __init__(self) -> None:
        self._variables: Properties = {}
        self._made: Client | None = None
        self._making = threading.Lock()
        client = self._client
        super().__init__(
            "proxmoxve",
            {
                "proxmoxve:index/vmLegacy:VmLegacy": Vms(client),
                "proxmoxve:index/containerLegacy:ContainerLegacy": Containers(client),
                "proxmoxve:index/poolLegacy:PoolLegacy": Pools(client),
                "proxmoxve:download/file:File": Downloads(client),
                "proxmoxve:firewall/rulesLegacy:RulesLegacy": GuestRules(client),
                "proxmoxve:firewall/ipsetLegacy:IpsetLegacy": AddressSets(client),
                "proxmoxve:firewall/optionsLegacy:OptionsLegacy": GuestOptions(client),
                "proxmoxve:cluster/firewallLegacy:FirewallLegacy": ClusterOptions(client),
                "proxmoxve:index/haresource:Haresource": StartedElsewhere(client),
                "proxmoxve:index/harule:Harule": KeptApart(client),
                RECORDED: Uploads(),
            },
        )

    def _client(self) -> "Client":
        # Only now: a preview has no use for an HTTP client.
        from sandbox.providers.proxmoxve.client import Client

        with self._making:
            if self._made is None:
                self._made = Client(settings(self._variables))
            return self._made

    def preview_update(self, token: str, inputs: Properties, outputs: Properties) -> Properties:
        """As any; a guest's network cards keep their addresses."""
        found, handler = super().preview_update(token, inputs, outputs), self.handlers.get(token)
        return handler.keep_cards(found, outputs) if isinstance(handler, Guests) else found

    def configure(self, variables: Properties) -> None:
        """Take the endpoint and the token; nothing is asked yet."""
        if any(value is not None for value in variables.values()):
            settings(variables)
        self._variables = variables
        self._made = None
