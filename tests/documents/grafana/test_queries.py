"""Every query of every dashboard, given to the program that would answer it.

PromQL is parsed by promtool, LogQL by a Loki that runs for the test. No Tempo is to be had: TraceQL is looked at by its
structure only.
"""

import re
import subprocess
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import requests

from components.observability.grafana import Query, queries
from components.observability.grafana.queries import extract, replaced
from components.text import to_yaml
from tests.programs import end, free_port
from tests.recording import STACKS, stack_settings
from tools import ensure

needs_loki = pytest.mark.timeout(900)
"""The build of Loki may be under way."""


@cache
def of(stack: str) -> list[Query]:
    return queries(stack_settings(stack))


def written_in(language: str, stack: str) -> list[Query]:
    return [each for each in of(stack) if each.language == language]


@pytest.mark.needs_tools
@pytest.mark.parametrize("stack", STACKS)
def test_promtool_parses_every_promql_query(stack: str, tmp_path: Path) -> None:
    found = written_in("promql", stack)
    assert len(found) > 100
    errors = promtool_errors([each.sent for each in found], tmp_path)
    assert not errors, "\n".join(f"{found[number].place}: {text}" for number, text in errors.items())


@pytest.mark.needs_tools
def test_promtool_refuses_a_query_that_is_none(tmp_path: Path) -> None:
    assert list(promtool_errors(["up", "sum by (host (up)", "rate(up)"], tmp_path)) == [1, 2]


def promtool_errors(expressions: list[str], folder: Path) -> dict[int, str]:
    """What promtool says of each expression, by its number; one call, one recording rule for each."""
    rules = [{"record": f"query:{number}", "expr": expr} for number, expr in enumerate(expressions)]
    path = folder / "queries.yml"
    path.write_text(to_yaml({"groups": [{"name": "queries", "rules": rules}]}))
    program = ensure("promtool")["promtool"]
    run = subprocess.run([program, "check", "rules", "--lint=none", path], capture_output=True, text=True, check=False)
    output = run.stdout + run.stderr
    errors = {
        int(number) - 1: text for number, text in re.findall(r"rule (\d+)[^\n]*?: (could not parse[^\n]*)", output)
    }
    assert (run.returncode == 0) == (not errors), output
    return errors


@pytest.fixture(scope="module")
def loki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a Loki that keeps nothing."""
    folder = tmp_path_factory.mktemp("loki")
    http, grpc = free_port(), free_port()
    (folder / "loki.yaml").write_text(to_yaml(_loki_config(folder, http, grpc)))
    program = ensure("loki")["loki"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, f"-config.file={folder / 'loki.yaml'}"], stdout=log, stderr=log)
        try:
            _wait(f"http://127.0.0.1:{http}/loki/api/v1/format_query?query=%7Ba%3D%22b%22%7D", process, folder / "log")
            yield f"http://127.0.0.1:{http}"
        finally:
            end(process)


def _loki_config(folder: Path, http: int, grpc: int) -> dict[str, object]:
    return {
        "auth_enabled": False,
        "analytics": {"reporting_enabled": False},
        "server": {
            "http_listen_address": "127.0.0.1",
            "http_listen_port": http,
            "grpc_listen_address": "127.0.0.1",
            "grpc_listen_port": grpc,
            "log_level": "warn",
        },
        "common": {
            "instance_addr": "127.0.0.1",
            "path_prefix": str(folder / "data"),
            "replication_factor": 1,
            "ring": {"kvstore": {"store": "inmemory"}},
            "storage": {
                "filesystem": {"chunks_directory": str(folder / "chunks"), "rules_directory": str(folder / "rules")}
            },
        },
        "schema_config": {
            "configs": [
                {
                    "from": "2024-01-01",
                    "store": "tsdb",
                    "object_store": "filesystem",
                    "schema": "v13",
                    "index": {"prefix": "index_", "period": "24h"},
                }
            ]
        },
    }


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            if requests.get(url, timeout=2).ok:
                return
        except (requests.ConnectionError, requests.Timeout):
            pass
        time.sleep(0.2)
    raise AssertionError(f"no answer from {url}: {log.read_text()}")


@needs_loki
@pytest.mark.needs_tools
@pytest.mark.parametrize("stack", STACKS)
def test_loki_parses_every_logql_query(stack: str, loki: str) -> None:
    found = written_in("logql", stack)
    assert found
    for each in found:
        answer = requests.get(f"{loki}/loki/api/v1/format_query", params={"query": each.sent}, timeout=10)
        assert answer.json()["status"] == "success", f"{each.place}: {answer.text}"


@needs_loki
@pytest.mark.needs_tools
def test_loki_refuses_a_query_that_is_none(loki: str) -> None:
    for wrong in ('{service=~".*"}', '{service="auth"} | line_format', 'rate({a="b"})'):
        answer = requests.get(f"{loki}/loki/api/v1/format_query", params={"query": wrong}, timeout=10)
        assert answer.json()["status"] != "success", wrong


_TRACEQL = re.compile(r"\{ .+ \}")
_CONDITION = re.compile(
    r"((resource|span)\.[a-z.]+|status|name|kind|trace:duration|duration) (=|!=|=~|!~|>|<|>=|<=) "
    r'("[^"]*"|error|ok|unset|[0-9.]+(ms|s|m))'
)


@pytest.mark.parametrize("stack", STACKS)
def test_traceql_has_the_structure_of_a_search_or_is_a_trace_id_no_tempo_was_asked(stack: str) -> None:
    found = written_in("traceql", stack)
    assert found
    for each in found:
        if re.fullmatch("[0-9a-f]{32}", each.sent):
            continue
        assert _TRACEQL.fullmatch(each.sent), each.place
        for condition in each.sent[2:-2].split(" && "):
            assert _CONDITION.fullmatch(condition), f"{each.place}: {condition}"


def test_variables_are_replaced_as_grafana_does() -> None:
    values = {"host": "a|b", "__range": "6h"}
    assert replaced('{host=~"$host"}[$__range]', values) == '{host=~"a|b"}[6h]'
    assert replaced("${host:regex} ${__range}", values) == "a|b 6h"


def test_a_variable_that_the_dashboard_lacks_is_noticed() -> None:
    with pytest.raises(ValueError, match=r"\$tenant is no variable"):
        replaced("$tenant", {"host": ""})


def test_queries_of_annotations_variables_and_links_are_found_too() -> None:
    places = {each.place.split(": ")[1] for each in of("prod")}
    assert {"annotation Probation", "variable host", "Tempo Share of errors"} <= places
    assert extract({"grafana.ini": "[server]"}) == []
