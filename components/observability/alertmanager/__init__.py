"""Who is told of an alert, and what is written down of it: documents of two Alertmanagers (ALR-7..11)."""

from components.observability.alertmanager import config, record, templates
from components.text import to_yaml
from settings import Settings

__all__ = ["documents"]


def documents(settings: Settings) -> dict[str, str]:
    """Every document, by the path it has below Alertmanager's folder.

    `alertmanager.yml` finds `templates/luxima.tmpl` beside itself; `record/alertmanager.yml` belongs to the recording
    Alertmanager, which is a program of its own.
    """
    return {
        "alertmanager.yml": to_yaml(config.document(settings)),
        "templates/luxima.tmpl": templates.document(settings),
        "record/alertmanager.yml": to_yaml(record.document(settings)),
    }
