"""Every document of the gateways, as Traefik will find it."""

from components.edge.plugin import FILES
from components.edge.static import traefik_yaml
from components.routing import routing_yaml
from settings import Settings
from settings.values import Slot

SLOTS: tuple[Slot, ...] = ("blue", "green")


def documents(settings: Settings) -> dict[str, str]:
    """Texts by `<slot>/traefik.yaml`, `<slot>/routing.yaml` and `plugin/<file>`."""
    found = {f"plugin/{name}": text for name, text in FILES.items()}
    for slot in SLOTS:
        found[f"{slot}/traefik.yaml"] = traefik_yaml(settings, slot)
        found[f"{slot}/routing.yaml"] = routing_yaml(settings, slot)
    return found
