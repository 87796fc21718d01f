"""When a Certificate has to be issued, and what its Secret is then."""

import datetime
from pathlib import Path
from typing import Any

import pytest

from sandbox import tls
from sandbox.controllers.certificate_objects import due, duration, made_secret, ready_status

NOW = datetime.datetime.now(datetime.UTC)
NAMES = ["a.example", "*.a.example"]


def certificate(**spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "edge", "namespace": "edge", "generation": 3, "uid": "1"},
        "spec": {
            "secretName": "edge-public",
            "dnsNames": NAMES,
            "duration": "2160h0m0s",
            "renewBefore": "720h0m0s",
            "issuerRef": {"name": "edge", "kind": "ClusterIssuer"},
            **spec,
        },
    }


@pytest.fixture
def secret(tmp_path: Path) -> dict[str, Any]:
    tls.ensure_authority(tmp_path)
    return made_secret(certificate(), tls.issue(tmp_path, NAMES, datetime.timedelta(hours=2160)))


def test_what_is_as_it_should_be_stays(secret: dict[str, Any]) -> None:
    assert due(certificate(), secret, NOW) == ""
    assert due(certificate(dnsNames=NAMES[::-1]), secret, NOW) == ""


@pytest.mark.parametrize(
    ("spec", "days", "reason"),
    [
        ({"dnsNames": ["a.example"]}, 0, "SecretMismatch"),
        ({"issuerRef": {"name": "other"}}, 0, "IncorrectIssuer"),
        ({}, 59, ""),
        ({}, 61, "Renewing"),
        ({"renewBefore": "24h"}, 61, ""),
        ({"renewBefore": "24h"}, 89.5, "Renewing"),
        ({"renewBefore": None}, 59, ""),
        ({"renewBefore": None}, 61, "Renewing"),
        ({}, 100, "Renewing"),
    ],
)
def test_what_is_not_is_issued_anew(secret: dict[str, Any], spec: dict[str, Any], days: float, reason: str) -> None:
    assert due(certificate(**spec), secret, NOW + datetime.timedelta(days=days)) == reason


def test_a_secret_that_is_missing_or_broken_is_made(secret: dict[str, Any]) -> None:
    assert due(certificate(), None, NOW) == "DoesNotExist"
    assert due(certificate(), {**secret, "data": {}}, NOW) == "InvalidCertificate"
    assert due(certificate(), {**secret, "data": {"tls.crt": "bm9uZQ=="}}, NOW) == "InvalidCertificate"


def test_the_status_says_until_when(secret: dict[str, Any]) -> None:
    status = ready_status(certificate(), secret)
    (ready,) = status["conditions"]
    assert (ready["type"], ready["status"], ready["observedGeneration"]) == ("Ready", "True", 3)
    ends, renewed = (datetime.datetime.fromisoformat(status[key]) for key in ("notAfter", "renewalTime"))
    assert ends - renewed == datetime.timedelta(days=30)


@pytest.mark.parametrize(
    ("text", "seconds"), [("2160h0m0s", 7_776_000), ("1h30m", 5400), ("10s", 10), ("", None), ("90d", None)]
)
def test_durations_are_read_as_go_writes_them(text: str, seconds: int | None) -> None:
    found = duration(text)
    assert (found.total_seconds() if found is not None else None) == seconds


def test_a_key_goes_on_where_it_is_asked_for(tmp_path: Path) -> None:
    tls.ensure_authority(tmp_path)
    hour = datetime.timedelta(hours=1)
    first = tls.issue_root("Root", hour)
    second, other = tls.issue_root("Root", hour, first.key), tls.issue_root("Root", hour)
    assert second.key == first.key != other.key
    assert tls.issue(tmp_path, NAMES, hour, first.key).key == first.key
