"""`record/alertmanager.yml`: the recording Alertmanager, which writes every alert to `internal.alert_logs` (ALR-10).

It knows no silence and no inhibition, and has one receiver: the database's RPC function `record_alert`.

**What fires while the database is down is written when it is back**, however long that takes:

- A webhook that fails is tried again, after 0.5 s, then ever later up to about 1 min, as long as the answer is a 5xx or
  none; but only until `group_interval` is over. What failed for good then stays in its group, and the whole group is
  tried again at every `group_interval`.
- An alert that fires *and is resolved* before it could be told is dropped by Alertmanager when its group holds nothing
  that fires: the receiver never knew of it. With a group for each alert (`group_by: ['...']`) every such alert of an
  outage would be lost. So here **all alerts are one group**: Watchdog always fires in it, and a resolved alert that the
  last message did not hold makes it a message to be sent.
- A message therefore holds all that fires, and is sent after every change. Writing is idempotent (fingerprint, start,
  status), and a resolved alert is written as fired as well, with its own start.

What is lost: alerts that were resolved more than 15 min before this Alertmanager itself restarts, while the database is
still down (alerts are kept in memory; Prometheus sends a resolved one again for 15 min); and, of an alert that fires
several times during one outage, all but the last time.
"""

from typing import Any

from components.kubernetes import authority_path
from components.observability.alertmanager.receivers import SECRETS
from settings import Settings


def document(settings: Settings) -> dict[str, Any]:
    """The recording Alertmanager's configuration."""
    return {
        "route": {
            "receiver": "webhook-record",
            "group_wait": "5s",
            "group_interval": "30s",
            # Nothing depends on it: what was written is written.
            "repeat_interval": "1h",
        },
        "receivers": [{"name": "webhook-record", "webhook_configs": [_webhook(settings)]}],
    }


def _webhook(settings: Settings) -> dict[str, Any]:
    """Supabase's gateway wants the key twice; of the two headers only `Authorization` has a key of its own."""
    key, trusted = f"{SECRETS}/serviceRoleKey", authority_path(settings)
    return {
        "send_resolved": True,
        "url": f"{settings.observability.alert_log_url}/record_alert",
        "http_config": {
            "authorization": {"type": "Bearer", "credentials_file": key},
            "http_headers": {"apikey": {"files": [key]}},
            **({} if trusted is None else {"tls_config": {"ca_file": trusted}}),
        },
    }
