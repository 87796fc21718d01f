"""Compressed time: what is divided, and what is not."""

import pytest
import yaml

from components.observability import alertmanager, rules
from tests.e2e.observability import compression
from tests.recording import stack_settings


@pytest.mark.parametrize(
    ("real", "compressed"),
    [
        ("15s", "250ms"),
        ("5m", "5000ms"),
        ("1h30m", "90000ms"),
        ("1w", "10080000ms"),
        ("0s", "0ms"),
        ("1d12h", "2160000ms"),
    ],
)
def test_a_duration_is_divided(real: str, compressed: str) -> None:
    assert compression.duration(real, 60) == compressed


@pytest.mark.parametrize("wrong", ["", "5", "5 m", "five", "m", "1ms"])
def test_what_cannot_be_divided_is_an_error(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"no duration|nothing is left"):
        compression.duration(wrong, 60)


@pytest.mark.parametrize(
    ("real", "compressed"),
    [
        ("rate(a[5m])", "rate(a[5000ms])"),
        ("rate(a[5m]) > 1800", "rate(a[5000ms]) > 1800"),
        ("avg_over_time(a[1d:5m] offset 1h) > 0.5", "avg_over_time(a[1440000ms:5000ms] offset 60000ms) > 0.5"),
        ("max_over_time(a[1h:])", "max_over_time(a[60000ms:])"),
        ("time() - a > 1800 and b == 1", "time() - a > 30 and b == 1"),
        ("a - time() < 14 * 86400", "a - time() < 14 * 1440"),
        ('time() - a{code=~"5..",port="9100"} > 1.5 * 43200', 'time() - a{code=~"5..",port="9100"} > 1.5 * 720'),
        ("predict_linear(a[6h], 4 * 86400) < 0", "predict_linear(a[360000ms], 4 * 1440) < 0"),
        ("slo:sli_error:ratio_rate5m > 14.4 * 0.001", "slo:sli_error:ratio_rate5m > 14.4 * 0.001"),
    ],
)
def test_an_expression_keeps_all_but_its_durations(real: str, compressed: str) -> None:
    assert compression.expression(real, 60) == compressed


def test_a_document_keeps_all_but_its_durations() -> None:
    rule = {"alert": "A", "expr": "up[1m]", "for": "2m", "keep_firing_for": "5m", "annotations": {"summary": "for 5m"}}
    given = {"groups": [{"name": "5m", "interval": "30s", "rules": [rule]}], "scrape_timeout": "10s"}
    changed = {**rule, "expr": "up[1000ms]", "for": "2000ms", "keep_firing_for": "5000ms"}
    expected = {"groups": [{"name": "5m", "interval": "500ms", "rules": [changed]}], "scrape_timeout": "10s"}
    assert compression.document(given, 60) == expected


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_no_duration_of_the_documents_is_forgotten(stack: str) -> None:
    settings = stack_settings(stack)
    for texts in (rules.documents(settings), alertmanager.documents(settings)):
        for name, text in texts.items():
            if name.endswith(".yml"):
                given = yaml.load(text, yaml.CSafeLoader)
                # What is live and what is watched is so at a moment, not over a time.
                timeless = name == "release-state.yml"
                assert (compression.document(given, 1) == compression.document(given, 60)) is timeless, name
                assert "30m" not in str(compression.document(given, 60)).replace("rate30m", ""), name
