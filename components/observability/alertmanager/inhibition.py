"""Which alert is not told because another one, which is told, explains it (ALR-7).

Each row names a cause and its effects. What may be a cause itself is never kept back: a full disk may be why a host is
down, and a rollback why a service answers again. `docs/runbooks/README.md` shows this table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True)
class Inhibition:
    """While `cause` fires, `effects` with the same labels are not told."""

    cause: str
    """Name of the alert that explains."""
    effects: tuple[str, ...]
    """Names of the alerts that it explains."""
    same: tuple[str, ...] = ()
    """Labels that both carry with one value; none where the platform has only one of it."""
    job: str | None = None
    """Only effects about targets of this scrape job."""

    def document(self) -> Mapping[str, Any]:
        """As `inhibit_rules` says it; labels that both alerts lack would count as equal, so the label is asked for."""
        there = [f'{label}!=""' for label in self.same]
        job = [f'job="{self.job}"'] if self.job else []
        return {
            "source_matchers": [f'alertname="{self.cause}"', *there],
            "target_matchers": [f'alertname=~"{"|".join(self.effects)}"', *there, *job],
            **({"equal": list(self.same)} if self.same else {}),
        }


TABLE: Final[Sequence[Inhibition]] = (
    Inhibition(
        "HostDown",
        (
            *("HostLogsMissing", "KubernetesNodeNotReady", "KubernetesNodeFlapping", "PodNotReady", "TargetDown"),
            "TargetFlapping",
        ),
        ("host",),
    ),
    # Rules give a pod's alert the name of its node as `host` as well.
    Inhibition(
        "KubernetesNodeNotReady", ("KubernetesNodeFlapping", "PodNotReady", "TargetDown", "TargetFlapping"), ("host",)
    ),
    Inhibition("KubernetesNodeFlapping", ("TargetFlapping",), ("host",)),
    Inhibition("TargetDown", ("TargetFlapping",), ("job", "instance")),
    Inhibition("KubernetesApiDown", ("TargetDown",), job="kube-apiserver"),
    # The same process as the API server, and found through it.
    Inhibition("KubernetesApiDown", ("TargetDown",), job="etcd"),
    Inhibition(
        "KubernetesApiDown",
        (
            *("ControlPlaneWithoutLeader", "KubernetesApiBudgetBurnFast", "KubernetesApiBudgetBurnSlow"),
            "KubernetesApiServiceUnavailable",
        ),
    ),
    Inhibition("EtcdWithoutLeader", ("KubernetesApiBudgetBurnFast", "KubernetesApiBudgetBurnSlow", "SchedulerFailing")),
    Inhibition("KubernetesApiBudgetBurnFast", ("KubernetesApiBudgetBurnSlow",)),
    Inhibition("ClusterDnsDown", ("ClusterDnsErrors", "ClusterDnsSlow")),
    Inhibition("ClusterDnsDown", ("TargetDown",), job="coredns"),
    Inhibition("DatabaseDown", ("DatabaseReplicaBehind",)),
    Inhibition("DatabaseDown", ("TargetDown",), job="postgres"),
    Inhibition("ObjectStorageDown", ("TargetDown",), job="minio"),
    Inhibition("ObjectStorageDown", ("TargetDown",), job="minio-buckets"),
    Inhibition(
        "ObjectStorageDown", ("LokiFlushFailing", "ObjectStorageErrors", "TempoBlocksFailing", "TempoFlushFailing")
    ),
    Inhibition("BackupFailing", ("BackupUnknown",), ("backup",)),
    Inhibition("BackupEmpty", ("BackupShrunk",), ("backup",)),
    Inhibition("RegistryDown", ("TargetDown",), ("instance",), job="registry"),
    Inhibition("GatewayDown", ("SiteUnreachable", "VirtualAddressUnreachable"), ("slot",)),
    Inhibition("GatewayDown", ("TargetDown",), ("slot",), job="traefik"),
    Inhibition("ServiceDown", ("TargetDown",), ("service_name",)),
    Inhibition("SLOErrorBudgetBurnFast", ("SLOErrorBudgetBurnSlow", "SLOErrorBudgetExhausted"), ("slo",)),
    Inhibition("DiskFull", ("DiskSpaceLow", "DiskWillFill"), ("host", "mountpoint")),
    Inhibition("HypervisorStorageFull", ("HypervisorStorageLow",), ("hypervisor", "storage")),
    Inhibition("CertificateExpiresNow", ("CertificateExpiresSoon",), ("instance",)),
    Inhibition("CertificateNotReady", ("CertificateNotRenewed",), ("namespace", "name")),
    Inhibition("PodCrashLooping", ("PodNotReady",), ("namespace", "pod")),
)
