"""What the services' own teams bring (`teams/<service>/rules.yaml`), as rules like the platform's own."""

from components.observability.rules.model import Alert, Group, Recording
from settings import Settings


def groups(settings: Settings) -> list[Group]:
    """A group for each team; whatever it makes says whose it is."""
    return [
        Group(
            f"team-{service}",
            [
                *(Recording(each.record, each.expression, {"service_name": service}) for each in team.rules.recordings),
                *(
                    Alert(
                        each.name,
                        each.expression,
                        severity=each.severity,
                        kind="service",
                        owner=each.owner,
                        summary=each.summary,
                        description=each.description,
                        pending=each.pending,
                        dashboard=next(iter(team.dashboards), "application-metrics"),
                        labels={"service_name": service},
                        runbook=each.runbook,
                    )
                    for each in team.rules.alerts
                ),
            ],
        )
        for service, team in settings.teams.items()
        if team.rules.alerts or team.rules.recordings
    ]
