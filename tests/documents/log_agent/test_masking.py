"""No secret gets through the pipelines, and nothing else is masked; run by a real Promtail."""

import json
import re

import pytest

from components.observability.log_agent.masking import MASK, PATTERNS
from tests.documents.log_agent import planted
from tests.documents.log_agent.lines import AUTH, cri, docker, journal, log4
from tests.documents.log_agent.promtail import Runner

pytestmark = pytest.mark.needs_tools


def written(form: str, text: str) -> str:
    """A text as a program writes it."""
    match form:
        case "JSON":
            return log4(message=text, event="ordered")
        case "escaped JSON":
            return log4(message=json.dumps({"dump": text}), event="ordered")
        case _:
            return text


@pytest.mark.parametrize("form", ["text", "JSON", "escaped JSON"])
@pytest.mark.parametrize("place", ["kubernetes", "docker", "access", "journal"])
def test_no_secret_passes(pipeline: Runner, place: str, form: str) -> None:
    lines = [written(form, text) for text, _ in planted.LINES] + ([] if form != "text" else planted.PEM.splitlines())
    match place:
        case "kubernetes":
            sent = pipeline("kubernetes", "pods", AUTH, [cri(line) for line in lines])
        case "docker":
            sent = pipeline(
                "docker", "containers", {"service": "docker", "class": "docker"}, [docker(line) for line in lines]
            )
        case "access":
            sent = pipeline("docker", "access", {"service": "nginx", "class": "access"}, lines)
        case _:
            target = {"service": "system", "class": "syslog", "__journal__hostname": "ns1"}
            sent = pipeline("docker", "journal", target, [journal(line) for line in lines])
    for (text, secret), each in zip(planted.LINES, sent, strict=False):
        assert secret not in each.line, text
        assert MASK in each.line, text
        if form != "text":
            json.loads(each.line)
    body = "\n".join(each.line for each in sent)
    assert not [line for line in planted.PEM.splitlines()[1:-1] if line in body]


def test_what_is_no_secret_stays(pipeline: Runner) -> None:
    lines = list(planted.HARMLESS)
    sent = pipeline("docker", "access", {"service": "nginx", "class": "access"}, lines)
    assert [each.line for each in sent] == lines


@pytest.mark.parametrize("name", PATTERNS)
def test_every_pattern_finds_its_own_example(name: str) -> None:
    line, secret = planted.FOUND_BY[name]
    found = re.search(PATTERNS[name], line)
    assert found is not None
    assert secret in found[1]
