"""The driver: which resource type is done by which handler; every other type is recorded."""

import threading
from typing import TYPE_CHECKING

from sandbox.providers.base import Driver, Properties, ProviderError
from sandbox.providers.handlers import Handler, HandlerDriver
from sandbox.providers.proxmoxve import firewall, lists
from sandbox.providers.proxmoxve.containers import Containers
from sandbox.providers.proxmoxve.files import Downloads, Uploads
from sandbox.providers.proxmoxve.objects import Objects
from sandbox.providers.proxmoxve.settings import settings
from sandbox.providers.proxmoxve.vms import Vms
from sandbox.providers.recorded import Recorded

if TYPE_CHECKING:
    from sandbox.providers.proxmoxve.client import Client

_UPLOAD = "proxmoxve:index/fileLegacy:FileLegacy"
_SECRETS = {
    "proxmoxve:metrics/server:Server": frozenset({"influxToken", "influxTokenWo", "opentelemetryHeaders"}),
    "proxmoxve:metrics/serverLegacy:ServerLegacy": frozenset({"influxToken", "influxTokenWo", "opentelemetryHeaders"}),
}


class ProxmoxDriver(HandlerDriver):
    """Drives a Proxmox VE API by API token."""

    def __init__(self) -> None:
        self._variables: Properties = {}
        self._made: Client | None = None
        self._making = threading.Lock()
        self._uploads = Uploads()
        super().__init__(self._handlers(), Recorded())

    def _handlers(self) -> dict[str, Handler]:
        client = self._client
        found: dict[str, Handler] = {
            "index/vmLegacy:VmLegacy": Vms(client),
            "index/containerLegacy:ContainerLegacy": Containers(client),
            "index/poolLegacy:PoolLegacy": Objects(client, lists.POOL),
            "backup/job:Job": Objects(client, lists.BACKUP_JOB),
            "index/hagroup:Hagroup": Objects(client, lists.HA_GROUP),
            "index/haresource:Haresource": Objects(client, lists.HA_RESOURCE),
            "index/harule:Harule": Objects(client, lists.HA_RULE),
            "metrics/server:Server": Objects(client, lists.METRIC_SERVER),
            "download/file:File": Downloads(client),
            "firewall/aliasLegacy:AliasLegacy": Objects(client, lists.FIREWALL_ALIAS),
            "firewall/ipsetLegacy:IpsetLegacy": firewall.IpSets(client),
            "firewall/optionsLegacy:OptionsLegacy": firewall.Options(client, firewall.GUEST_OPTIONS, guest=True),
            "firewall/rulesLegacy:RulesLegacy": firewall.Rules(client),
            "cluster/firewallLegacy:FirewallLegacy": firewall.Options(client, firewall.CLUSTER_OPTIONS),
            "cluster/firewall/security/groupLegacy:GroupLegacy": firewall.SecurityGroups(client),
            "node/firewall:Firewall": firewall.Options(client, firewall.NODE_OPTIONS),
        }
        for name in ("index/hagroup:Hagroup", "index/haresource:Haresource", "index/harule:Harule",
                     "metrics/server:Server", "download/file:File", "node/firewall:Firewall"):  # fmt: skip
            found[name + "Legacy"] = found[name]
            module, _, kind = name.partition(":")
            found[f"{module}Legacy:{kind}Legacy"] = found.pop(name + "Legacy")
        return {f"proxmoxve:{name}": handler for name, handler in found.items()}

    def _client(self) -> "Client":
        # Only now: a preview has no use for an HTTP client.
        from sandbox.providers.proxmoxve.client import Client

        with self._making:
            if self._made is None:
                self._made = Client(settings(self._variables))
            return self._made

    def configure(self, variables: Properties) -> None:
        """Take the endpoint and the token; nothing is asked yet."""
        if any(value is not None for value in variables.values()):
            settings(variables)
        self._variables = variables
        self._made = None

    def other(self, token: str) -> Driver:
        """Uploads and everything else are recorded."""
        return self._uploads if token == _UPLOAD else super().other(token)

    def secrets(self, token: str) -> frozenset[str]:
        """What a server keeps to itself."""
        return _SECRETS.get(token, frozenset())

    def invoke(self, token: str, args: Properties) -> Properties:  # noqa: ARG002 - the protocol's
        """The platform asks Proxmox nothing."""
        raise ProviderError(f"the local proxmoxve provider does not answer {token}; use the official plugin")
