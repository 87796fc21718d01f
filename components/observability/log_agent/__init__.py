"""The log agents' documents (LOG-7): one pipeline for each place, run by Alloy or Promtail."""

from components.observability.log_agent.pipelines import (
    AUTHORITY,
    FOLDER,
    PASSWORD_FILE,
    docker_host,
    kubernetes,
    lxc,
)
from components.text import to_yaml
from settings import Settings

__all__ = ["AUTHORITY", "FOLDER", "PASSWORD_FILE", "docker_host", "documents", "kubernetes", "lxc"]


def documents(settings: Settings) -> dict[str, str]:
    """Texts by place: `kubernetes`, and the name of each Docker host and LXC."""
    hosts = settings.compute.by_role("docker_host")
    return {
        "kubernetes/promtail.yaml": to_yaml(kubernetes(settings)),
        **{f"{host}/promtail.yaml": to_yaml(docker_host(settings, host)) for host in hosts},
        **{f"{name}/promtail.yaml": to_yaml(lxc(settings)) for name in settings.compute.containers},
    }
