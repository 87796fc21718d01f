"""Files of a pod, from ConfigMaps and Secrets."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi_kubernetes as k8s


@dataclass(frozen=True)
class Files:
    """Files of one folder, from ConfigMaps and Secrets; a path may have folders in it."""

    config_maps: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    """Path of each file by its key, by name of the ConfigMap."""
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    """The same for Secrets."""
    optional_secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    """The same for Secrets that a pod does not wait for; their files appear with them."""

    def source(self) -> k8s.core.v1.ProjectedVolumeSourceArgs:
        """As a volume: one, since a mount inside another read-only one has no place to be."""
        core = k8s.core.v1
        config_maps = [
            core.VolumeProjectionArgs(config_map=core.ConfigMapProjectionArgs(name=name, items=_items(paths)))
            for name, paths in self.config_maps.items()
        ]
        secrets = [
            core.VolumeProjectionArgs(secret=core.SecretProjectionArgs(name=name, items=_items(paths)))
            for name, paths in self.secrets.items()
        ]
        optional = [
            core.VolumeProjectionArgs(secret=core.SecretProjectionArgs(name=name, items=_items(paths), optional=True))
            for name, paths in self.optional_secrets.items()
        ]
        # Readable by the pod's group, which the program runs as, and by nobody else.
        return core.ProjectedVolumeSourceArgs(sources=[*config_maps, *secrets, *optional], default_mode=0o440)


def _items(paths: Mapping[str, str]) -> list[k8s.core.v1.KeyToPathArgs]:
    return [k8s.core.v1.KeyToPathArgs(key=key, path=path) for key, path in sorted(paths.items())]
