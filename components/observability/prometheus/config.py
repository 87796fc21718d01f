"""prometheus.yml (MON-1): what is scraped, which rules are evaluated, who is told."""

from typing import Any
from urllib.parse import urlsplit

from components.kubernetes import authority_path
from components.observability.prometheus.targets import jobs
from components.programs import ALERTMANAGER, ALERTMANAGER_RECORD
from components.text import to_yaml
from settings import Settings


def prometheus_yml(settings: Settings) -> str:
    """The configuration of every replica; they differ by the label `replica`, which is the pod's name."""
    observed, record = settings.observability, ALERTMANAGER_RECORD
    document: dict[str, Any] = {
        "global": {
            "scrape_interval": f"{observed.scrape_interval_seconds}s",
            "scrape_timeout": f"{min(10, observed.scrape_interval_seconds)}s",
            "evaluation_interval": f"{observed.scrape_interval_seconds}s",
            "external_labels": {
                "platform": "luxima",
                "environment": settings.environment.label,
                "replica": "${HOSTNAME}",
            },
        },
        "rule_files": ["/etc/prometheus/rules/*.yml"],
        "alerting": {
            # Both replicas send the same alert: without their name, Alertmanager sees one.
            "alert_relabel_configs": [{"regex": "replica", "action": "labeldrop"}],
            "alertmanagers": [
                {
                    "dns_sd_configs": [
                        {
                            "names": [f"{ALERTMANAGER.headless}.{observed.namespace}.svc"],
                            "type": "A",
                            "port": ALERTMANAGER.port,
                        }
                    ]
                },
                # By its name, which tells it apart where lost alerts are counted.
                {"static_configs": [{"targets": [f"{record.host(observed.namespace)}:{record.port}"]}]},
            ],
        },
        "scrape_configs": jobs(settings),
        "storage": {"tsdb": {"out_of_order_time_window": "10m"}},
    }
    url, ca = observed.prometheus.remote_write_url, authority_path(settings)
    if url is not None:
        # A place outside has a certificate of a public authority, whoever signs here.
        private = ca is not None and settings.environment.owns(urlsplit(url).hostname or "")
        document["remote_write"] = [{"url": url, **({"tls_config": {"ca_file": ca}} if private else {})}]
    return to_yaml(document)


def documents(settings: Settings) -> dict[str, str]:
    """prometheus.yml, under that name."""
    return {"prometheus.yml": prometheus_yml(settings)}
