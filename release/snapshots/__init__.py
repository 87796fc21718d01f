"""Templates of the Docker hosts, one of each for each release: made, removed after their time, and put back (BAK-3)."""

from release.snapshots.hypervisor import Hypervisor
from release.snapshots.making import Making
from release.snapshots.manifests import Manifests
from release.snapshots.plan import version
from release.snapshots.restoring import restore

__all__ = ["Hypervisor", "Making", "Manifests", "restore", "version"]
