"""Every document of the room, as its reader will find it."""

from components.observability import (
    alertmanager,
    blackbox,
    grafana,
    log_agent,
    loki,
    prometheus,
    pve_exporter,
    rules,
    tempo,
)
from settings import Settings


def documents(settings: Settings) -> dict[str, str]:
    """Texts by `<reader>/<path>`, such as `prometheus/prometheus.yml` or `loki/rules/audit/trail.yml`."""
    readers = {
        "prometheus": prometheus.documents(settings),
        "prometheus/rules": rules.documents(settings),
        "alertmanager": alertmanager.documents(settings),
        "loki": loki.documents(settings),
        "log-agent": log_agent.documents(settings),
        "tempo": tempo.documents(settings),
        "blackbox": blackbox.documents(settings),
        "pve-exporter": pve_exporter.documents(settings),
        "grafana": grafana.documents(settings),
    }
    return {f"{reader}/{path}": text for reader, found in readers.items() for path, text in found.items()}
