"""The driver: which resource type is done by which handler; every other type is recorded."""

import threading
from typing import Any

from sandbox.providers.base import Driver, Properties, ProviderError
from sandbox.providers.proxmoxve import firewall, lists
from sandbox.providers.proxmoxve.client import Client, settings
from sandbox.providers.proxmoxve.containers import Containers
from sandbox.providers.proxmoxve.files import Downloads, Uploads
from sandbox.providers.proxmoxve.kinds import Handler
from sandbox.providers.proxmoxve.objects import Objects
from sandbox.providers.proxmoxve.vms import Vms
from sandbox.providers.recorded import Recorded

SERVER = "Proxmox VE API (simulated)"
_UPLOAD = "proxmoxve:index/fileLegacy:FileLegacy"
_SECRETS = {
    "proxmoxve:metrics/server:Server": frozenset({"influxToken", "influxTokenWo", "opentelemetryHeaders"}),
    "proxmoxve:metrics/serverLegacy:ServerLegacy": frozenset({"influxToken", "influxTokenWo", "opentelemetryHeaders"}),
}


class ProxmoxDriver(Driver):
    """Drives a Proxmox VE API by API token."""

    def __init__(self) -> None:
        self._variables: Properties = {}
        self._made: Client | None = None
        self._making = threading.Lock()
        self._recorded = Recorded()
        self._uploads = Uploads()
        self.handlers = self._handlers()

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

    def _client(self) -> Client:
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

    def _record(self, token: str) -> Recorded:
        return self._uploads if token == _UPLOAD else self._recorded

    def defaults(self, token: str, name: str, inputs: Properties, old: Properties) -> Properties:
        """See `Handler.defaults`."""
        handler = self.handlers.get(token)
        return handler.defaults(name, inputs, old) if handler else inputs

    def check(self, token: str, name: str, inputs: Properties) -> list[tuple[str, str]]:  # noqa: ARG002
        """See `Handler.check`."""
        handler = self.handlers.get(token)
        return handler.check(inputs) if handler else []

    def replaces(self, token: str, old: Properties, new: Properties) -> frozenset[str]:
        """See `Handler.replaces`."""
        handler = self.handlers.get(token)
        return handler.replaces(old, new) if handler else frozenset()

    def delete_first(self, token: str, old: Properties, new: Properties) -> bool:
        """Ids, names and addresses are fixed: the old object has to go first."""
        return token in self.handlers or self._record(token).delete_first(token, old, new)

    def equal(self, token: str, path: str, old: Any, new: Any) -> bool:
        """See `Handler.equal`."""
        handler = self.handlers.get(token)
        return handler.equal(path, old, new) if handler else False

    def secrets(self, token: str) -> frozenset[str]:
        """What a server keeps to itself."""
        return _SECRETS.get(token, frozenset())

    def preview_outputs(self, token: str, inputs: Properties) -> Properties:
        """The inputs, and what only the server knows as unknown."""
        handler = self.handlers.get(token)
        return {**handler.computed(), **inputs} if handler else self._record(token).preview_outputs(token, inputs)

    def create(self, token: str, name: str, inputs: Properties) -> tuple[str, Properties]:
        """See `Handler.create`."""
        handler = self.handlers.get(token)
        return handler.create(name, inputs) if handler else self._record(token).create(token, name, inputs)

    def read(
        self, token: str, resource_id: str, inputs: Properties, outputs: Properties
    ) -> tuple[Properties, Properties] | None:
        """See `Handler.read`."""
        handler = self.handlers.get(token)
        if handler is None:
            return self._record(token).read(token, resource_id, inputs, outputs)
        return handler.read(resource_id, inputs)

    def update(self, token: str, resource_id: str, old: Properties, new: Properties) -> Properties:
        """See `Handler.update`."""
        handler = self.handlers.get(token)
        if handler is None:
            return self._record(token).update(token, resource_id, old, new)
        return handler.update(resource_id, old, new)

    def delete(self, token: str, resource_id: str, outputs: Properties) -> None:
        """See `Handler.delete`."""
        handler = self.handlers.get(token)
        if handler is not None:
            handler.delete(resource_id, outputs)

    def invoke(self, token: str, args: Properties) -> Properties:  # noqa: ARG002 - the protocol's
        """The platform asks Proxmox nothing."""
        raise ProviderError(f"the local proxmoxve provider does not answer {token}; use the official plugin")


DRIVEN: frozenset[str] = frozenset(ProxmoxDriver().handlers)
