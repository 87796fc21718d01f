"""The log agents' documents (LOG-7): one pipeline for each place, run by Alloy or Promtail."""

from components.observability.agents.pipelines import CONFIGURATION, PASSWORD_FILE, docker_host, guest, kubernetes
from components.text import to_yaml
from settings import Settings

__all__ = ["CONFIGURATION", "PASSWORD_FILE", "docker_host", "documents", "guest", "kubernetes"]


def documents(settings: Settings) -> dict[str, str]:
    """Texts by place; a Docker host's own name is added by `docker_host(settings, machine)`."""
    return {
        "kubernetes/promtail.yaml": to_yaml(kubernetes(settings)),
        "docker-host/promtail.yaml": to_yaml(docker_host(settings)),
        "guest/promtail.yaml": to_yaml(guest(settings)),
    }
