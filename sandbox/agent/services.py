"""What kube-proxy does: which addresses are served, and to which pods their connections go."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.agent.addresses import listener, loopback
from sandbox.agent.objects import Object, key, part, parts, texts
from sandbox.agent.proxy import Address, Proxy
from sandbox.agent.stages import SLOT_LABEL

PortKey = tuple[str, str, int]
"""Namespace, name and port of a Service."""


@dataclass(frozen=True)
class Wanted:
    """What a port of a Service is to be."""

    addresses: tuple[str, ...]
    """Addresses of the cluster that it is served at: its own, then those of its load balancer."""
    backends: tuple[Address, ...]
    """Where connections go, on loopback."""


def wanted(
    services: Iterable[Object], slices: Iterable[Object], pods: Iterable[Mapping[str, str]]
) -> dict[PortKey, Wanted]:
    """All ports of the Services that are for pods of the agent.

    Args:
        services: All Services.
        slices: All EndpointSlices.
        pods: Labels of the agent's pods.
    """
    by_service: dict[tuple[str, str], list[Object]] = {}
    for item in slices:
        name = texts(item["metadata"], "labels").get("kubernetes.io/service-name")
        if name and item.get("addressType") == "IPv4":
            by_service.setdefault((item["metadata"]["namespace"], name), []).append(item)
    present = list(pods)
    found: dict[PortKey, Wanted] = {}
    for service in services:
        spec = service["spec"]
        cluster = spec.get("clusterIP")
        if not cluster or cluster == "None" or not _selects(texts(spec, "selector"), present):
            continue
        ingress = parts(part(part(service, "status"), "loadBalancer"), "ingress")
        addresses = (cluster, *(item["ip"] for item in ingress if "ip" in item))
        for port in parts(spec, "ports"):
            if (port.get("protocol") or "TCP") == "TCP":
                served = backends(by_service.get(key(service), []), port.get("name") or "")
                found[*key(service), int(port["port"])] = Wanted(addresses, served)
    return found


def _selects(selector: Mapping[str, str], pods: list[Mapping[str, str]]) -> bool:
    """Whether a Service is for the agent's pods: those that are there, or those that will be."""
    if SLOT_LABEL in selector:
        return True
    return bool(selector) and any(selector.items() <= labels.items() for labels in pods)


def backends(slices: Iterable[Object], port_name: str) -> tuple[Address, ...]:
    """Where connections to a port go: to ready pods; while there is none, to those that leave but still serve."""
    ready: set[Address] = set()
    leaving: set[Address] = set()
    for item in slices:
        for port in parts(item, "ports"):
            if (port.get("name") or "") != port_name or not port.get("port"):
                continue
            for endpoint in parts(item, "endpoints"):
                conditions = part(endpoint, "conditions")
                found = {(loopback(address), int(port["port"])) for address in endpoint["addresses"]}
                is_ready = conditions.get("ready") is not False
                if is_ready:
                    ready |= found
                elif conditions.get("serving") and conditions.get("terminating"):
                    leaving |= found
    return tuple(sorted(ready or leaving))


class Services:
    """The proxies that run."""

    def __init__(self, file: Path) -> None:
        """None yet.

        Args:
            file: Where the addresses are written, `addresses.json`; ports that it has are taken again if they are free.
        """
        self._file = file
        self._proxies: dict[PortKey, Proxy] = {}
        self._given: dict[PortKey, dict[str, int]] = {}
        self._written: dict[str, str] | None = None
        try:
            content: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
            self._before = {name: int(address.rpartition(":")[2]) for name, address in content.items()}
        except (OSError, ValueError, AttributeError):
            self._before = {}

    def where(self, namespace: str, name: str, port: int) -> str | None:
        """Host and port on loopback of a Service's port."""
        given = self._given.get((namespace, name, port))
        if not given:
            return None
        address, real = next(iter(given.items()))
        return f"{loopback(address)}:{real}"

    async def sync(
        self, desired: Mapping[PortKey, Wanted], pods: Mapping[str, str], changed: Callable[[], None]
    ) -> None:
        """Serve exactly these.

        Args:
            desired: The ports of Services.
            pods: Addresses of pods and where they are on loopback, to be written down besides.
            changed: Called when any address of a Service is new or gone, after the file says so.
        """
        other = False
        for gone in set(self._proxies) - set(desired):
            self._proxies.pop(gone).close()
            self._given.pop(gone)
            other = True
        for port_key, want in desired.items():
            proxy = self._proxies.setdefault(port_key, Proxy())
            proxy.backends = list(want.backends)
            given = self._given.setdefault(port_key, {})
            for address in set(given) - set(want.addresses):
                proxy.leave(loopback(address))
                del given[address]
                other = True
            for address in want.addresses:
                if address not in given:
                    before = self._before.get(f"{address}:{port_key[2]}")
                    made = listener(loopback(address), [] if before is None else [before])
                    given[address] = await proxy.listen(loopback(address), made)
                    other = True
        self._write(pods)
        if other:
            changed()

    def _write(self, pods: Mapping[str, str]) -> None:
        """`ADDRESS:PORT` and `NAME.NAMESPACE.svc:PORT` as the cluster knows them, and where they are on loopback."""
        content = dict(sorted(pods.items()))
        for (namespace, name, port), given in sorted(self._given.items()):
            where = self.where(namespace, name, port)
            if where is not None:
                content[f"{name}.{namespace}.svc:{port}"] = where
            for address, real in given.items():
                content[f"{address}:{port}"] = f"{loopback(address)}:{real}"
        if content == self._written:
            return
        self._written = content
        partial = self._file.with_suffix(".part")
        partial.write_text(json.dumps(content, indent=1), encoding="utf-8")
        partial.replace(self._file)

    def close(self) -> None:
        """Serve nothing any longer."""
        for proxy in self._proxies.values():
            proxy.close()
