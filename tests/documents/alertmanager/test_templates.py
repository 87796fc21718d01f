"""Messages, rendered by amtool: what they say and where their links lead."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tests.documents.alertmanager.given import rendered, written

pytestmark = pytest.mark.needs_tools

LABELS = {
    "alertname": "TenantRLSViolation",
    "severity": "critical",
    "kind": "security",
    "service_name": "api",
    "environment": "production",
    "table": 'a "b" \\ c+d & <e>',
}
ANNOTATIONS = {
    "summary": "Tenant t1 & t2 saw <rows> of another",
    "description": "3 rows of 100% are > 0",
    "runbook_url": "https://docs.luxima.id/runbooks/TenantRLSViolation",
    "dashboard_url": "https://grafana.luxima.id/d/security-overview",
}
MESSAGES = {
    "luxima.slack.text": False,
    "luxima.email.text": False,
    "luxima.email.html": True,
    "luxima.telegram.message": True,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written("prod", tmp_path_factory.mktemp("prod"))


def message(status: str = "firing", **labels: str) -> dict[str, Any]:
    own = {**LABELS, **labels}
    alert = {
        "status": status,
        "labels": own,
        "annotations": ANNOTATIONS,
        "startsAt": "2026-11-23T10:00:00Z",
        "endsAt": "2026-11-23T10:30:00Z",
        "fingerprint": "f",
    }
    return {
        "receiver": "slack-alerts",
        "status": status,
        "alerts": [alert],
        "groupLabels": own,
        "commonLabels": own,
        "commonAnnotations": ANNOTATIONS,
        "externalURL": "https://alertmanager.luxima.id",
    }


def links(text: str) -> list[str]:
    """Every address in a message, as who opens it gets it."""
    for mark in ('"', "<", ">", "|", "\n"):
        text = text.replace(mark, " ")
    return [word.replace("&amp;", "&") for word in text.split() if word.startswith("https://")]


def silenced(address: str) -> dict[str, str]:
    """The matchers in a link to a new silence, as Alertmanager's page reads them."""
    query = address.split("/#/silences/new?filter=", 1)[1]
    assert "+" not in query
    inner = unquote(query).removeprefix("{").removesuffix("}")
    pair = r'(\w+)="((?:[^"\\]|\\.)*)"'
    assert re.fullmatch(f"{pair}(, {pair})*", inner)
    return {name: re.sub(r"\\(.)", r"\1", value) for name, value in re.findall(pair, inner)}


@pytest.mark.parametrize("template", MESSAGES)
def test_a_message_leads_to_runbook_dashboard_silence_and_post_mortem(template: str, folder: Path) -> None:
    text = rendered(folder, template, message(), html=MESSAGES[template])
    runbook, dashboard, silence, postmortem = [each for each in links(text) if "receiver=" not in each]
    assert runbook == ANNOTATIONS["runbook_url"]
    assert dashboard == ANNOTATIONS["dashboard_url"]
    assert silence.startswith("https://alertmanager.luxima.id/#/silences/new?filter=%7B")
    assert silenced(silence) == LABELS
    parts = urlsplit(postmortem)
    assert (
        f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://plane.luxima.id/aceh/projects/reliability/issues/new"
    )
    query = parse_qs(parts.query, strict_parsing=True)
    assert set(query) == {"title", "description"}
    assert query["title"] == ["Post-mortem: TenantRLSViolation api"]
    (description,) = query["description"]
    assert description.splitlines() == [
        ANNOTATIONS["summary"],
        ANNOTATIONS["description"],
        "Began: 2026-11-23T10:00:00Z",
        f"Runbook: {ANNOTATIONS['runbook_url']}",
        f"Dashboard: {ANNOTATIONS['dashboard_url']}",
    ]


@pytest.mark.parametrize("template", MESSAGES)
def test_only_what_is_critical_asks_for_a_post_mortem(template: str, folder: Path) -> None:
    text = rendered(folder, template, message(severity="warning"), html=MESSAGES[template])
    assert "plane.luxima.id" not in text
    assert "Post-mortem" not in text
    assert len([each for each in links(text) if "receiver=" not in each]) == 3


@pytest.mark.parametrize("template", MESSAGES)
def test_a_message_says_what_is_wrong(template: str, folder: Path) -> None:
    text = rendered(folder, template, message(), html=MESSAGES[template])
    escaped = template != "luxima.email.text"
    assert ("Tenant t1 &amp; t2 saw &lt;rows&gt; of another" if escaped else ANNOTATIONS["summary"]) in text
    assert ("3 rows of 100% are &gt; 0" if escaped else ANNOTATIONS["description"]) in text


def test_pagerduty_gets_the_same_links(folder: Path) -> None:
    silence = rendered(folder, "luxima.silence.url", message())
    assert silenced(silence) == LABELS
    assert rendered(folder, "luxima.postmortem.url", message()).startswith("https://plane.luxima.id/")
    assert rendered(folder, "luxima.postmortem.url", message(severity="warning")) == ""


def test_the_subject_says_how_bad_it_is_and_where(folder: Path) -> None:
    assert rendered(folder, "luxima.subject", message()) == "[CRITICAL] TenantRLSViolation · api (production)"
    over = message("resolved", host="h1")
    assert rendered(folder, "luxima.subject", over) == "[RESOLVED] TenantRLSViolation · api · h1 (production)"
    several = message()
    several["alerts"] *= 3
    assert rendered(folder, "luxima.subject", several).endswith("(production) (3 alerts)")


def test_an_escalation_names_its_cause(folder: Path) -> None:
    subject = rendered(folder, "luxima.subject", message(alertname="CriticalAlertUnresolved", cause="DatabaseDown"))
    assert subject == "[CRITICAL] CriticalAlertUnresolved: DatabaseDown · api (production)"


def test_the_color_shows_it_at_a_glance(folder: Path) -> None:
    colors = [
        rendered(folder, "luxima.slack.color", given)
        for given in (message(), message(severity="warning"), message(severity="notice"), message("resolved"))
    ]
    assert colors == ["danger", "warning", "#439fe0", "good"]
