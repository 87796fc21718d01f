"""What a service's team brings: the guide's own example is taken, and each kind of mistake is told with its file."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.observability import grafana, metrics, rules
from settings import Settings, SettingsError, alert_texts
from settings.loading import check
from settings.promql import Selector, parsed, selectors
from settings.team_files import alert_prefix
from tests.documents.grafana.test_queries import promtool_errors
from tests.documents.rules import expressions
from tests.documents.rules.test_promtool import promtool, render, write_cases
from tests.recording import ROOT, STACKS, stack_settings
from tools import ensure

GUIDE = ROOT / "docs" / "how-to" / "your-own-alerts.md"
RULES, CASES = "teams/storefront/rules.yaml", "teams/storefront/cases.yml"
DASHBOARD = "teams/storefront/dashboards/storefront-checkout.json"


def example() -> dict[str, str]:
    """Files of the guide, by path: each block comes after the line that names its file."""
    text = GUIDE.read_text(encoding="utf-8")
    return dict(re.findall(r"`(teams/[a-z./-]+)`[^`]*?:\n\n```(?:yaml|json)\n(.*?)```", text, re.DOTALL))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Stack and release files, and the guide's example."""
    for name in ("Pulumi.prod.yaml", "services/prod.yaml", "releases/prod.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    for name, text in example().items():
        put(tmp_path, name, text)
    return tmp_path


def put(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def settings(checkout: Path) -> Settings:
    return check("prod", checkout)


def test_the_guide_shows_every_file() -> None:
    assert set(example()) == {RULES, CASES, DASHBOARD}


@pytest.mark.needs_tools
def test_the_rules_of_the_guide_fire_and_stay_quiet(settings: Settings, checkout: Path, tmp_path: Path) -> None:
    (folder := tmp_path / "rules").mkdir()
    names = render(settings, folder)
    assert "team-storefront.yml" in names
    promtool(folder, "check", "rules", "--lint=all", "--lint-fatal", "team-storefront.yml")
    promtool(folder, "test", "rules", *write_cases(checkout / CASES, settings, folder))


def test_a_teams_rules_say_whose_they_are(settings: Settings) -> None:
    (group,) = [group for group in rules.groups(settings) if group.name == "team-storefront"]
    document = group.document(rules.links(settings))
    assert all(rule["labels"]["service_name"] == "storefront" for rule in document["rules"])
    (alert,) = group.alerts
    assert alert.keep == f"{settings.observability.alerts.resolve_minutes}m"
    assert (alert.kind, alert.dashboard) == ("service", "storefront-checkout")


def test_a_teams_metrics_are_known_and_no_others(settings: Settings) -> None:
    (group,) = [group for group in rules.groups(settings) if group.name == "team-storefront"]
    used = {name for rule in group.rules for name in expressions.metrics(rule.expr)}
    assert used - metrics.names(settings.teams) == {"storefront:checkout_failures:ratio10m"}
    assert "checkouts_total" not in metrics.names()


@pytest.mark.needs_tools
def test_a_teams_dashboard_is_found_beside_the_others(settings: Settings, tmp_path: Path) -> None:
    document = json.loads(grafana.documents(settings)["dashboards/storefront-checkout.json"])
    assert (document["id"], document["editable"], document["tags"]) == (None, False, ["luxima", "storefront"])
    asked = [each.sent for each in grafana.queries(settings) if "storefront-checkout" in each.place]
    assert asked
    assert promtool_errors(asked, tmp_path) == {}


def _rules(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def apply(root: Path) -> None:
        document = yaml.load(example()[RULES], yaml.CSafeLoader)
        change(document)
        put(root, RULES, yaml.safe_dump(document))

    return apply


def _dashboard(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def apply(root: Path) -> None:
        document = json.loads(example()[DASHBOARD])
        change(document)
        put(root, DASHBOARD, json.dumps(document))

    return apply


def _file(name: str, text: str) -> Callable[[Path], None]:
    def apply(root: Path) -> None:
        put(root, name, text)

    return apply


def _alert(**values: object) -> Callable[[Path], None]:
    return _rules(lambda document: document["alerts"][0].update(values))


def _without(key: str) -> Callable[[Path], None]:
    return _rules(lambda document: document["alerts"][0].pop(key))


@pytest.mark.parametrize(
    ("mistake", "file", "told"),
    [
        (_alert(severity="page"), RULES, 'alerts[0].severity: "page" is not right; give'),
        (_without("runbook"), RULES, "alerts[0].runbook: is missing; give"),
        (_without("owner"), RULES, "alerts[0].owner: is missing; give"),
        (_alert(owners="x"), RULES, "alerts[0].owners: is not a setting; did you mean owner?"),
        (_alert(runbook="http://x.id/y"), RULES, "alerts[0].runbook: "),
        (_alert(description="Checkouts fail."), RULES, "give a text with the value, {{ $value }}"),
        (_alert(pending="soon"), RULES, "give a Prometheus duration such as 10m"),
        (_alert(name="CheckoutFailing"), RULES, "CheckoutFailing does not begin with Storefront"),
        (_alert(expression="sum(rate(checkouts_total[5m])) > 1"), RULES, "checkouts_total may be of any service; add"),
        (_alert(expression='up{service_name=~"storefront|auth"} == 0'), RULES, "up may be of any service"),
        (_alert(expression='{service_name!="storefront",job=~".+"} > 1'), RULES, "a selector may be of any service"),
        # Prometheus refuses a selector that any series without labels would do for.
        (_alert(expression='{service_name!="storefront"} > 1'), RULES, "alerts[0].expression: is no PromQL: "),
        # Not one that gives series: it would fail each time it is evaluated.
        (_alert(expression='up{service_name="storefront"}[5m]'), RULES, "alerts[0].expression: is no PromQL: "),
        (_alert(summary="{{ $labels.pod | upper }}"), RULES, "alerts[0].summary: {{ $labels.pod | upper }} cannot"),
        (_alert(description="{{ $value | humanizePercent }}"), RULES, "did you mean humanizePercentage?"),
        (
            _rules(lambda document: document["alerts"].append(document["alerts"][0])),
            RULES,
            "alerts[1].name: StorefrontCheckoutFailing is there twice",
        ),
        (
            _rules(lambda document: document["recordings"][0].update(record="auth:x:y")),
            RULES,
            "auth:x:y does not begin with storefront:",
        ),
        (_file(RULES, "alerts: [\n"), RULES, "the file is not YAML"),
        (_file("teams/storefornt/rules.yaml", "{}"), "teams/storefornt/", "did you mean storefront?"),
        (_file("teams/storefront/rules.yml", "{}"), "teams/storefront/rules.yml", "nobody reads it"),
        (_file(DASHBOARD, "{"), DASHBOARD, "is no JSON"),
        (_dashboard(lambda document: document.update(uid="slo")), DASHBOARD, 'its uid "slo" is to be'),
        (_dashboard(lambda document: document.pop("title")), DASHBOARD, "has no title"),
        (_dashboard(lambda document: document.update(panels=[])), DASHBOARD, "has no panels"),
        (
            _dashboard(lambda document: document["panels"][0]["datasource"].update(uid="loki-audit")),
            DASHBOARD,
            'asks the data source "loki-audit"; give the uid of one of prometheus, loki or tempo',
        ),
        (
            _dashboard(lambda document: document.update(templating={"list": [{"datasource": {"uid": "loki-audit"}}]})),
            DASHBOARD,
            'asks the data source "loki-audit"',
        ),
        (_dashboard(lambda document: document.update(x="y" * 70_000)), DASHBOARD, "is larger than 64 KiB"),
    ],
)
def test_a_mistake_is_told_with_its_file(mistake: Callable[[Path], None], file: str, told: str, checkout: Path) -> None:
    mistake(checkout)
    with pytest.raises(SettingsError) as caught:
        check("prod", checkout)
    _, _, under = str(caught.value).partition(f"\n{file}:\n")
    assert told in under


def test_mistakes_are_on_their_line(checkout: Path) -> None:
    put(checkout, RULES, example()[RULES].replace("severity: critical", "severity: page"))
    with pytest.raises(SettingsError, match=r"line 18: alerts\[0\]\.severity"):
        check("prod", checkout)


@pytest.mark.parametrize("stack", STACKS)
def test_no_alert_of_the_platform_has_a_name_that_a_team_may_take(stack: str) -> None:
    settings = stack_settings(stack)
    prefixes = tuple(map(alert_prefix, settings.services))
    groups = [group for group in rules.groups(settings) if not group.name.startswith("team-")]
    own = {alert.name for group in groups for alert in group.alerts}
    assert [name for name in own if name.startswith(prefixes)] == []


def _checked(rules: dict[str, Any], folder: Path) -> bool:
    """Whether Prometheus takes a rule file with these rules."""
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "a", "rules": [rules]}]}))
    program = ensure("promtool")["promtool"]
    run = subprocess.run([program, "check", "rules", folder / "rules.yml"], capture_output=True, text=True, check=False)
    return run.returncode == 0


@pytest.mark.needs_tools
@pytest.mark.parametrize(
    "text",
    [
        *(f"{{{{ $value | {name} }}}}" for name in sorted(alert_texts.FUNCTIONS)),
        '{{- printf "%.0f of `}\\"" $value -}} and {{ $labels.pod }} at {{ $externalLabels.site }} {{$value}} }}',
        "{{ $value",
        "{{ $value }",
        "{{}}",
        "{{ $value | humanizePercent }}",
        "{{ humanize ($value }}",
        "{{ $found }}",
        "{{ if $value }}much",
        "{{ $value | 3 }}",
        "{{ Value }}",
        '{{ printf "\\q" $value }}',
    ],
)
def test_a_text_is_taken_if_prometheus_takes_it(text: str, tmp_path: Path) -> None:
    taken = _checked({"alert": "A", "expr": "up", "annotations": {"summary": text}}, tmp_path)
    assert (list(alert_texts.mistakes(text)) == []) == taken


@pytest.mark.needs_tools
@pytest.mark.parametrize(
    "expression",
    [
        "sum(rate(a[5m])) by (b) / on (b) group_left () c unless a atan2 d @ end() offset -5m",
        "range",
        *(f"{name}(2, a)" for name in ("limitk", "limit_ratio", "topk")),
        *(f"{name}(a[5m])" for name in ("mad_over_time", "first_over_time", "ts_of_max_over_time", "max_over_time")),
        *(f"{name}(a)" for name in ("info", "sort_by_label", "sort")),
        "double_exponential_smoothing(a[5m], 0.1, 0.1)",
        "a > max_of(1, 2)",
        "a > step()",
        "a + fill (0) b",
        "a + on (c) fill_left (0) b",
        'a{b="c" or d="e"}',
        "sum(limitk by (b) (1, a))",
    ],
)
def test_an_expression_is_taken_if_prometheus_takes_it(expression: str, tmp_path: Path) -> None:
    taken = _checked({"record": "a:b", "expr": expression}, tmp_path)
    if taken:
        parsed(expression)
    else:
        with pytest.raises(ValueError, match=r"experimental|comma|unknown|expected"):
            parsed(expression)


CHOICES: list[tuple[str, list[Selector]]] = [
    (
        'sum by (le) (rate(a_total{b="c",d=~"e"}[5m])) / on (f) group_left (g) h:i',
        [Selector("a_total", {"b": "c"}), Selector("h:i", {})],
    ),
    (
        "time() - x_seconds offset 5m > 3e2 or vector(0) unless on () y{}",
        [Selector("x_seconds", {}), Selector("y", {})],
    ),
    ('{a="}"} # b{c="d"}', [Selector("", {"a": "}"})]),
    (
        "quantile_over_time(0.9, a{b='c'}[1d:5m] @ end()) and topk(3, d)",
        [Selector("a", {"b": "c"}), Selector("d", {})],
    ),
]


@pytest.mark.parametrize(("expression", "found"), CHOICES)
def test_choices_of_series_are_found(expression: str, found: list[Selector]) -> None:
    assert list(selectors(expression)) == found
