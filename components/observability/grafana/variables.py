"""Variables that the dashboards share, under the same names everywhere, so that links carry the choice along."""

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as models

from components.observability.grafana.names import ENVIRONMENT, PROMETHEUS, job
from settings import Settings

Variable = dashboard.QueryVariable | dashboard.TextBoxVariable


def _values(name: str, label: str, description: str, metric: str, key: str | None = None) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .description(description)
        .datasource(models.DataSourceRef(type_val=PROMETHEUS.type, uid=PROMETHEUS.uid))
        .query(f"label_values({metric}, {key or name})")
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
    )


def _many(variable: dashboard.QueryVariable, every: str) -> dashboard.QueryVariable:
    everything = models.VariableOption(selected=True, text="All", value="$__all")
    return variable.multi(True).include_all(True).all_value(every).current(everything)


def environment(settings: Settings) -> Variable:
    """Environment; the stack's own at first."""
    label = settings.environment.label
    chosen = models.VariableOption(selected=True, text=label, value=label)
    variable = _values("environment", "Environment", "Label `environment` of every metric and log line", "up")
    return variable.current(chosen)


def service() -> Variable:
    """Services that take requests."""
    metric = f"http_requests_total{{{ENVIRONMENT}}}"
    return _many(_values("service_name", "Service", "Service that answers the requests", metric), ".*")


def slot() -> Variable:
    """The two slots of the services."""
    metric = f"http_requests_total{{{ENVIRONMENT}}}"
    return _many(_values("slot", "Slot", "Slot of a service: blue or green", metric), ".*")


def host() -> Variable:
    """VMs, LXCs and Docker hosts that a node exporter runs on."""
    metric = f"up{{{ENVIRONMENT},{job('node')}}}"
    return _many(_values("host", "Host", "VM, LXC or Docker host", metric), ".*")


def namespace() -> Variable:
    """Namespaces of the cluster."""
    return _many(_values("namespace", "Namespace", "Namespace of the pods", f"kube_pod_info{{{ENVIRONMENT}}}"), ".*")


def node() -> Variable:
    """Nodes of the cluster; a node's name is also its `host`."""
    metric = f"kube_node_status_condition{{{ENVIRONMENT}}}"
    return _many(_values("node", "Node", "Node of the cluster", metric), ".*")


def tenant() -> Variable:
    """Tenants that made requests."""
    metric = f'http_requests_total{{{ENVIRONMENT},tenant_id!=""}}'
    return _many(_values("tenant_id", "Tenant", "Tenant that the request was made for", metric), ".*")


def database() -> Variable:
    """Databases of the PostgreSQL server."""
    metric = f"pg_stat_database_xact_commit{{{ENVIRONMENT}}}"
    return _many(_values("datname", "Database", "Database of the PostgreSQL server", metric), ".*")


def objective() -> Variable:
    """Service level objectives."""
    return _many(_values("slo", "Objective", "Service level objective", "slo:objective:ratio"), ".*")


def one_of(label: str, metric: str) -> Variable:
    """A single value of `label`, for panels that can show one series only."""
    return _values(label, label.removesuffix("_id").removesuffix("_name").capitalize(), f"One `{label}`", metric)


def text(name: str, label: str, description: str, default: str = "") -> Variable:
    """Something to type in."""
    option = models.VariableOption(selected=True, text=default, value=default)
    return dashboard.TextBoxVariable(name).label(label).description(description).default_value(default).current(option)
