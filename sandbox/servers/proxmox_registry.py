"""The cluster-wide lists that fakepve answers but does not keep: HA, backup jobs, metric servers, replication.

Each is a list of objects with an id, created, read, changed and deleted as in Proxmox VE; nothing acts on them.
"""

import importlib
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

_PveError: Any = importlib.import_module("fakepve.model").PveError
Handler = Callable[[dict[str, Any], str], Awaitable[Any]]


class Kind(NamedTuple):
    """One list of the API: where it is, the parameter that names an object, and whether that name is in the path."""

    path: str
    key: str
    noun: str
    create_on_item: bool = False


KINDS = (
    Kind("/cluster/ha/resources", "sid", "resource"),
    Kind("/cluster/ha/groups", "group", "ha group"),
    Kind("/cluster/ha/rules", "rule", "HA rule"),
    Kind("/cluster/backup", "id", "backup job"),
    Kind("/cluster/metrics/server", "id", "metric server entry", create_on_item=True),
    Kind("/cluster/replication", "id", "replication job"),
)
# Proxmox VE keeps these apart and never sends them back.
WRITE_ONLY = ("token", "digest")


class Registry:
    """Keeps the objects of `KINDS`: `data[path][id]` is an object's options."""

    def __init__(self, cluster: Any) -> None:
        self._cluster = cluster
        self.data: dict[str, dict[str, dict[str, Any]]] = {kind.path: {} for kind in KINDS}

    def routes(self) -> list[tuple[str, str, Handler]]:
        """(method, path of the API schema, handler) of every endpoint kept here."""
        found: list[tuple[str, str, Handler]] = []
        for kind in KINDS:
            item = f"{kind.path}/{{{kind.key}}}"
            found += [
                ("GET", kind.path, self._lister(kind)),
                ("POST", item if kind.create_on_item else kind.path, self._creator(kind)),
                ("GET", item, self._reader(kind)),
                ("PUT", item, self._updater(kind)),
                ("DELETE", item, self._deleter(kind)),
            ]
        return found

    def _get(self, kind: Kind, name: str) -> dict[str, Any]:
        if name not in self.data[kind.path]:
            raise _PveError(500, f"{kind.noun} '{name}' does not exist")
        return self.data[kind.path][name]

    def _shown(self, kind: Kind, name: str) -> dict[str, Any]:
        options = {k: v for k, v in self._get(kind, name).items() if k not in WRITE_ONLY}
        if kind.path.endswith("/ha/resources"):
            options.setdefault("type", name.split(":")[0])
            options.setdefault("state", "started")
        return {**options, kind.key: name}

    def _lister(self, kind: Kind) -> Handler:
        async def handle(_v: dict[str, Any], _user: str) -> list[dict[str, Any]]:
            return [self._shown(kind, name) for name in sorted(self.data[kind.path])]

        return handle

    def _reader(self, kind: Kind) -> Handler:
        async def handle(v: dict[str, Any], _user: str) -> dict[str, Any]:
            return self._shown(kind, str(v[kind.key]))

        return handle

    def _creator(self, kind: Kind) -> Handler:
        async def handle(v: dict[str, Any], _user: str) -> None:
            name = str(v.get(kind.key) or f"{kind.key}-{len(self.data[kind.path]) + 1}")
            if name in self.data[kind.path]:
                raise _PveError(500, f"{kind.noun} '{name}' already defined")
            self._check(kind, name, v)
            self.data[kind.path][name] = {k: x for k, x in v.items() if k != kind.key}

        return handle

    def _updater(self, kind: Kind) -> Handler:
        async def handle(v: dict[str, Any], _user: str) -> None:
            name = str(v[kind.key])
            options = self._get(kind, name)
            for key in str(v.get("delete") or "").replace(";", ",").split(","):
                options.pop(key.strip(), None)
            options.update({k: x for k, x in v.items() if k not in (kind.key, "delete", "digest")})

        return handle

    def _deleter(self, kind: Kind) -> Handler:
        async def handle(v: dict[str, Any], _user: str) -> None:
            self._get(kind, str(v[kind.key]))
            del self.data[kind.path][str(v[kind.key])]

        return handle

    def _check(self, kind: Kind, name: str, v: dict[str, Any]) -> None:
        """What must exist before: the guest of an HA resource, the HA resources of a rule."""
        if kind.path.endswith("/ha/resources") and self._cluster.guest(int(name.rsplit(":", 1)[-1])) is None:
            raise _PveError(500, f"resource '{name}' does not exist in cluster")
        if kind.path.endswith("/ha/rules"):
            for sid in str(v.get("resources") or "").split(","):
                if sid.strip() not in self.data["/cluster/ha/resources"]:
                    raise _PveError(400, f"cannot use unmanaged resource '{sid.strip()}'.")
