"""Every query of every dashboard, given to the program that would answer it.

PromQL is parsed by promtool, LogQL by a Loki that runs for the test. No Tempo is to be had: TraceQL is looked at by its
structure only.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import requests

from components.observability.grafana import Query, queries
from components.observability.grafana.queries import extract, replaced
from components.text import to_yaml
from tests.documents.loki.server import running
from tests.documents.slo.evaluation import promtool
from tests.recording import STACKS, stack_settings

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
    run = promtool("check", "rules", "--lint=none", path.name, cwd=folder)
    output = run.stdout + run.stderr
    errors = {
        int(number) - 1: text for number, text in re.findall(r"rule (\d+)[^\n]*?: (could not parse[^\n]*)", output)
    }
    assert (run.returncode == 0) == (not errors), output
    return errors


@pytest.fixture(scope="module")
def loki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a Loki that has no lines."""
    with running(stack_settings("dev"), tmp_path_factory.mktemp("loki")) as server:
        yield server.url


def parses(loki: str, query: str) -> bool:
    headers = {"X-Scope-OrgID": "luxima"}
    answer = requests.get(f"{loki}/loki/api/v1/format_query", params={"query": query}, headers=headers, timeout=10)
    return answer.json()["status"] == "success"


@needs_loki
@pytest.mark.needs_tools
def test_loki_parses_every_logql_query(loki: str) -> None:
    for stack in STACKS:
        found = written_in("logql", stack)
        assert found
        assert [each.place for each in found if not parses(loki, each.sent)] == []
    for wrong in ('{service=~".*"}', '{service="auth"} | line_format', 'rate({a="b"})'):
        assert not parses(loki, wrong), wrong


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
