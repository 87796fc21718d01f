"""What the services run in the cluster, kept there for each revision of the release file (BAK-3); no Secret is read."""

import base64
import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from release.cluster import Cluster, ClusterError
from release.errors import ReleaseError
from release.snapshots.plan import Snapshot, removable, version
from settings import Settings
from settings.releases import Releases

FILE: Final = "manifests.json.gz"
"""Key in the ConfigMap; a list that `kubectl apply` takes."""
_KINDS: Final = {
    ("apps/v1", "Deployment"): "/apis/apps/v1/namespaces/{}/deployments",
    ("v1", "Service"): "/api/v1/namespaces/{}/services",
    ("v1", "ConfigMap"): "/api/v1/namespaces/{}/configmaps",
    ("autoscaling/v2", "HorizontalPodAutoscaler"): "/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers",
    ("policy/v1", "PodDisruptionBudget"): "/apis/policy/v1/namespaces/{}/poddisruptionbudgets",
    ("networking.k8s.io/v1", "NetworkPolicy"): "/apis/networking.k8s.io/v1/namespaces/{}/networkpolicies",
}
_KIND: Final = "deployment-manifests"
_HOST: Final = "cluster"
"""What stands for a host in the ledger's rule."""
_SERVERS_OWN: Final = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "ownerReferences")
_MOMENT: Final = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Manifests:
    """Those of one stack."""

    cluster: Callable[[], Cluster]
    settings: Settings
    stack: str
    releases: Releases
    """The release file: its revision, and what users see."""
    say: Callable[[str], None]
    now: Callable[[], datetime]

    def keep(self, *, again: bool = False, dry_run: bool = False) -> None:
        """Keep those of this revision; what is kept already stays, unless it is wanted again.

        Raises:
            ReleaseError: When the cluster refuses; the next run does it.
        """
        revision, kept = self.releases.revision, self._kept()
        if not again and any(each.revision == revision for each in kept.values()):
            self.say(f"the manifests of revision {revision} are kept")
            return
        if dry_run:
            self.say(f"would keep the manifests of revision {revision}")
            return
        listed = {"apiVersion": "v1", "kind": "List", "items": self._items()}
        made = Snapshot(0, "", _HOST, revision, version(self.releases), self.now())
        name = f"{_KIND}-r{revision}-{made.made.strftime(_MOMENT).lower()}"
        labels = {"luxima.id/kind": _KIND, "luxima.id/revision": str(revision), "luxima.id/version": made.version}
        labels["luxima.id/made"] = made.made.strftime(_MOMENT)
        text = gzip.compress(json.dumps(listed, sort_keys=True).encode(), mtime=0)
        document = {
            "apiVersion": "v1", "kind": "ConfigMap", "immutable": True, "metadata": {"name": name, "labels": labels},
            "binaryData": {FILE: base64.b64encode(text).decode()},
        }  # fmt: skip
        self._call("POST", self._place, document)
        self.say(f"{len(listed['items'])} manifests of revision {revision} are kept: {name}")

    def prune(self, *, dry_run: bool = False) -> None:
        """Remove those past their time; those of the live version and of the one before stay.

        Raises:
            ReleaseError: When the cluster refuses.
        """
        kept, days = self._kept(), self.settings.retention.backups.deployment_days
        gone = removable(kept.values(), version(self.releases), days, self.now())
        for name in [name for name, each in kept.items() if each in gone]:
            self.say(f"{'would remove' if dry_run else 'removes'} {name}: it is over {days} days old")
            if not dry_run:
                self._call("DELETE", f"{self._place}/{name}")

    @property
    def _place(self) -> str:
        return _KINDS["v1", "ConfigMap"].format(self.settings.observability.namespace)

    def _items(self) -> list[Mapping[str, Any]]:
        # What a service has is called by its name, a hyphen, and what it is.
        names: dict[str, tuple[str, ...]] = {}
        for service, settings in self.settings.services.items():
            names[settings.namespace] = (*names.get(settings.namespace, ()), f"{service}-")
        return [
            {"apiVersion": group, "kind": kind, **_wanted(found)}
            for namespace, starts in sorted(names.items())
            for (group, kind), path in _KINDS.items()
            for found in self._call("GET", path.format(namespace))["items"]
            if str(found["metadata"]["name"]).startswith(starts)
        ]

    def _kept(self) -> dict[str, Snapshot]:
        """What is kept, by name; what another tool made under that label is nobody's to remove."""
        found: dict[str, Snapshot] = {}
        for number, each in enumerate(
            self._call("GET", f"{self._place}?labelSelector=luxima.id/kind={_KIND}")["items"]
        ):
            labels, name = each["metadata"]["labels"], str(each["metadata"]["name"])
            try:
                made = datetime.strptime(labels["luxima.id/made"], _MOMENT).replace(tzinfo=UTC)
                revision = int(labels["luxima.id/revision"])
                found[name] = Snapshot(number, "", _HOST, revision, labels["luxima.id/version"], made)
            except (KeyError, ValueError):
                continue
        return found

    def _call(self, method: str, path: str, document: Mapping[str, Any] | None = None) -> dict[str, Any]:
        try:
            return self.cluster().call(method, path, document)
        except ClusterError as error:
            raise ReleaseError(f"the manifests are not kept: {error}") from None


def _wanted(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """What was asked for, without what the server adds."""
    kept: dict[str, Any] = {key: value for key, value in found.items() if key != "status"}
    for part, given in (("metadata", _SERVERS_OWN), ("spec", ("clusterIP", "clusterIPs"))):
        if part in kept:
            kept[part] = {key: value for key, value in kept[part].items() if key not in given}
    return kept
