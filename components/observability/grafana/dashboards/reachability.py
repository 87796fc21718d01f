"""The row of the System Overview that is about public names: whether they answer (SEC-1)."""

from components.observability.grafana.board import Row
from components.observability.grafana.names import job, series
from components.observability.grafana.panels import Column, below, listing
from components.observability.rules import edge


def row() -> Row:
    """What the blackbox exporter found."""
    https, dns = job("blackbox-https"), job("blackbox-dns")
    return Row(
        "Public names",
        [
            listing(
                "HTTPS",
                "Whether each public URL answers, how fast, and how long its certificate is still good for.",
                Column("Answers", f"min by (instance) ({series('probe_success', https)})", "bool_yes_no", below(1)),
                Column("Time", f"max by (instance) ({series('probe_duration_seconds', https)})", "s"),
                Column(
                    "Certificate ends in",
                    f"min by (instance) ({series('probe_ssl_earliest_cert_expiry', https)}) - time()",
                    "s",
                    below(edge.CERTIFICATE_LAST_DAYS * 86_400, edge.CERTIFICATE_DAYS * 86_400),
                ),
            ),
            listing(
                "DNS",
                "Whether each public name is resolved, and how fast.",
                Column("Answers", f"min by (instance) ({series('probe_success', dns)})", "bool_yes_no", below(1)),
                Column("Time", f"max by (instance) ({series('probe_duration_seconds', dns)})", "s"),
            ),
        ],
    )
