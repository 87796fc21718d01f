"""The driver: which resource type is done by which handler."""

from typing import TYPE_CHECKING

from sandbox.providers.base import Properties
from sandbox.providers.handlers import ServerDriver
from sandbox.providers.proxmoxve import RECORDED
from sandbox.providers.proxmoxve.availability import KeptApart, StartedElsewhere
from sandbox.providers.proxmoxve.containers import Containers
from sandbox.providers.proxmoxve.files import Downloads, Uploads
from sandbox.providers.proxmoxve.firewall import AddressSets, ClusterOptions, GuestOptions, GuestRules
from sandbox.providers.proxmoxve.pools import Pools
from sandbox.providers.proxmoxve.settings import settings
from sandbox.providers.proxmoxve.vms import Vms

if TYPE_CHECKING:
    from sandbox.providers.proxmoxve.client import Client

_HANDLERS = {
    "index/vmLegacy:VmLegacy": Vms,
    "index/containerLegacy:ContainerLegacy": Containers,
    "index/poolLegacy:PoolLegacy": Pools,
    "download/file:File": Downloads,
    "firewall/rulesLegacy:RulesLegacy": GuestRules,
    "firewall/ipsetLegacy:IpsetLegacy": AddressSets,
    "firewall/optionsLegacy:OptionsLegacy": GuestOptions,
    "cluster/firewallLegacy:FirewallLegacy": ClusterOptions,
    "index/haresource:Haresource": StartedElsewhere,
    "index/harule:Harule": KeptApart,
}


class ProxmoxDriver(ServerDriver):
    """Drives a Proxmox VE API by API token."""

    def __init__(self) -> None:
        super().__init__("proxmoxve", {f"proxmoxve:{name}": handler for name, handler in _HANDLERS.items()}, _client)
        self.handlers[RECORDED] = Uploads()

    def configure(self, variables: Properties) -> None:
        """Take the endpoint and the token; nothing is asked yet."""
        if any(value is not None for value in variables.values()):
            settings(variables)
        super().configure(variables)


def _client(variables: Properties) -> "Client":
    # Only now: a preview has no use for an HTTP client.
    from sandbox.providers.proxmoxve.client import Client

    return Client(settings(variables))
