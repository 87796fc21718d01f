"""The edge functions in a real Deno: they are checked, and their router lets in whom it should.

Supabase's runtime itself is not to be had here: `shim.js` plays its workers.
"""

import base64
import hashlib
import hmac
import json
import re
import subprocess
import time
import tomllib
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import requests

import versions
from components.database.supabase_api import parts
from components.database.tokens import key_list, token
from components.observability import log_agent
from settings.functions import FOLDER, sources, version
from tests.documents.log_agent.promtail import run as run_promtail
from tests.documents.log_agent.test_pipelines import docker
from tests.recording import STACKS, stack_settings
from tests.waiting import wait_for
from tools import ensure

pytestmark = pytest.mark.needs_tools

DAY: Final = "2026-11-26"
KEY: Final = "a signing key"
ANON: Final = token(KEY, DAY, "anon")
TENANTS: Final = {"role": "authenticated", "app_metadata": {"tenant_id": "tenant_001"}}
MADE: Final = {
    "environment": "Deno.serve(() => Response.json(Deno.env.toObject()));",
    "broken": 'Deno.serve(() => { throw new Error("out of paper"); });',
    "unparsed": "Deno.serve(",
    "echo": "Deno.serve(async (r) => new Response(`${r.method} ${new URL(r.url).pathname} ${await r.text()}`));",
}


def signed(claims: Mapping[str, Any], key: str = KEY, **header: str) -> str:
    parts_ = ({"alg": "HS256", "kid": DAY, **header}, {"exp": time.time() + 60, **claims})
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts_]
    text = b".".join(encoded)
    signature = base64.urlsafe_b64encode(hmac.digest(key.encode(), text, hashlib.sha256)).rstrip(b"=")
    return b".".join((text, signature)).decode()


def deno(folder: Path, *arguments: str) -> str:
    """What Deno finds, without a cache of its own and with no network; nothing when it finds nothing."""
    environment = {
        "DENO_DIR": str(folder),
        "DENO_NO_UPDATE_CHECK": "1",
        "NO_COLOR": "1",
        "HTTPS_PROXY": "http://[::1]:9",
    }
    done = subprocess.run(
        [ensure("deno")["deno"], *arguments], cwd=FOLDER, env=environment, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize("verb", ["check", "lint", "fmt"])
def test_deno_finds_nothing(verb: str, tmp_path: Path) -> None:
    files = [str(path) for path in sorted(FOLDER.glob("*/index.ts"))]
    assert deno(tmp_path, verb, *(["--check"] if verb == "fmt" else []), *files) == ""


@pytest.mark.parametrize("text", [MADE["unparsed"], 'const sheets: number = "many";'])
def test_deno_names_a_function_that_does_not_compile(text: str, tmp_path: Path) -> None:
    (tmp_path / "index.ts").write_text(text)
    assert "/index.ts:1:" in deno(tmp_path, "check", str(tmp_path / "index.ts"))


@dataclass
class Router:
    """The router in a real Deno."""

    url: str
    version: str
    log: Path

    def ask(self, path: str, bearer: str | None = ANON, method: str = "GET", **more: Any) -> requests.Response:
        headers = {} if bearer is None else {"authorization": f"Bearer {bearer}"}
        return requests.request(
            method, f"{self.url}{path}", headers=headers | more.pop("headers", {}), timeout=60, **more
        )

    def lines(self) -> list[dict[str, Any]]:
        """What it has logged."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]


@pytest.fixture(scope="module")
def router(tmp_path_factory: pytest.TempPathFactory) -> Generator[Router]:
    folder = tmp_path_factory.mktemp("functions")
    texts = {name: text.replace("/home/deno/functions", str(folder)) for name, text in {**sources(), **MADE}.items()}
    for name, text in texts.items():
        (folder / name).mkdir()
        (folder / name / "index.ts").write_text(text)
    environment = {
        "DENO_DIR": str(tmp_path_factory.mktemp("cache")),
        "SUPABASE_URL": "http://127.0.0.1:9",
        "SUPABASE_ANON_KEY": ANON,
        "SUPABASE_JWKS": json.dumps({"keys": key_list({DAY: KEY})}),
        "FUNCTIONS_ENVIRONMENT": json.dumps({"environment": {"PAPER": "A4"}, "echo": {"INK": "black"}}),
    }
    log = tmp_path_factory.mktemp("log") / "router.log"
    command = [ensure("deno")["deno"], "run", "--quiet", "--allow-all", "--no-remote"]
    command += [str(Path(__file__).with_name("shim.js")), str(folder / "main" / "index.ts")]
    with (
        log.open("wb") as output,
        subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=output, stderr=output) as process,
    ):

        def port() -> str:
            assert process.poll() is None, log.read_text()
            found = re.search(r"^PORT (\d+)$", log.read_text(), re.MULTILINE)
            return found[1] if found else ""

        yield Router(f"http://127.0.0.1:{wait_for(port, 'the router')}", version(texts), log)
        process.communicate()


def test_who_brings_a_good_token_is_served(router: Router) -> None:
    answer = router.ask("/echo/a?b=c", method="POST", data="hello")
    assert (answer.status_code, answer.text) == (200, "POST /echo/a hello")
    assert router.ask("/echo", None, method="OPTIONS").status_code == 200
    assert router.ask("/echo", signed(TENANTS)).status_code == 200


TOKENS: Final = {
    "none": (None, "missing"),
    "empty": ("", "malformed"),
    "no JSON": ("a.b.c", "malformed"),
    "another key": (signed({}, "another key"), "signature"),
    "an unknown key": (signed({}, kid="2020-01-01"), "signature"),
    "algorithm none": (signed({}, alg="none"), "signature"),
    "algorithm none, not signed": (signed({}, alg="none").rpartition(".")[0] + ".", "signature"),
    "ended": (signed({"exp": time.time() - 1}), "expired"),
    "without an end": (signed({"exp": None}), "expired"),
}


@pytest.mark.parametrize("name", TOKENS)
def test_a_bad_token_is_refused_counted_and_told(router: Router, name: str) -> None:
    bearer, reason = TOKENS[name]
    series = f'jwt_validation_errors_total{{reason="{reason}"}} '

    def counted() -> int:
        return int(router.ask("/metrics", None).text.partition(series)[2].partition("\n")[0])

    before, said = counted(), len(router.lines())
    assert router.ask("/echo", bearer).status_code == 401
    assert counted() == before + 1
    told = [(line["event"], line["message"]) for line in router.lines()[said:]]
    assert told == ([] if bearer is None else [("jwt_invalid", f"echo: {reason}")])


@pytest.mark.parametrize("path", ["/", "/main", "/nobody", "/..%2fmain", "/constructor", "//echo"])
def test_what_is_no_function_is_not_found(router: Router, path: str) -> None:
    assert router.ask(path).status_code == 404


@pytest.mark.parametrize(("name", "says"), [("broken", "broken: 500"), ("unparsed", "unparsed: TypeError")])
def test_a_function_that_fails_is_told_in_one_line_and_hurts_no_other(router: Router, name: str, says: str) -> None:
    said = len(router.lines())
    assert router.ask(f"/{name}", headers={"x-request-id": name, "x-forwarded-for": "203.0.113.7"}).status_code == 500
    (line,) = router.lines()[said:]
    assert line["message"].startswith(says)
    assert (line["level"], line["event"], line["request_id"]) == ("error", "function_failed", name)
    assert (line["tenant_id"], line["context"]["ip"]) == ("platform", "203.0.113.7")
    assert router.ask("/echo").status_code == 200


def test_a_function_sees_its_own_environment_and_nothing_else(router: Router) -> None:
    given = {"SUPABASE_URL": "http://127.0.0.1:9", "SUPABASE_PUBLIC_URL": "", "SUPABASE_ANON_KEY": ANON, "PAPER": "A4"}
    assert router.ask("/environment").json() == given


def test_it_says_which_version_runs(router: Router) -> None:
    assert router.ask("/healthz", None).json() == {"version": router.version}


def test_the_status_says_what_does_not_answer(router: Router) -> None:
    answer = router.ask("/status")
    assert (answer.status_code, answer.json()) == (503, {"auth": False, "rows": False, "files": False})


def test_its_metrics_are_the_services_and_no_user_sees_them(router: Router) -> None:
    router.ask("/echo", signed(TENANTS))
    text = router.ask("/metrics", None).text
    assert 'http_requests_total{method="GET",route="/echo",code="200",tenant_id="tenant_001"}' in text
    done = subprocess.run(
        [ensure("promtool")["promtool"], "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert router.ask("/metrics", headers={"x-forwarded-for": "203.0.113.7"}).status_code == 404


def test_its_lines_are_kept_as_the_edge_functions(router: Router, tmp_path: Path) -> None:
    router.ask("/broken", signed(TENANTS))
    (line,) = [line for line in router.log.read_text().splitlines() if line.startswith("{") and "tenant_001" in line][
        -1:
    ]
    document = log_agent.docker_host(stack_settings("prod"), "docker-1")
    name = parts(stack_settings("prod"))["functions"].name
    target = {"service": "docker", "class": "docker", "environment": "production"}
    (sent,) = run_promtail(document, "containers", target, [docker(line, name)], tmp_path)
    kept = {key: sent.labels[key] for key in ("service", "class", "level", "tenant_id")}
    assert kept == {"service": name, "class": "edge_functions", "level": "error", "tenant_id": "tenant_001"}


FLY: Final = {
    "": {"app", "primary_region", "kill_signal", "build", "env", "http_service", "metrics", "vm"},
    "build": {"dockerfile"},
    "http_service": {"internal_port", "force_https", "auto_stop_machines", "auto_start_machines", "checks"},
    "http_service.checks": {"grace_period", "interval", "method", "timeout", "path"},
    "metrics": {"port", "path"},
    "vm": {"size", "memory"},
}
"""Names that Fly documents (Fly Launch configuration) of those that fly.toml uses; `env` has one's own."""


def test_what_stands_in_at_fly_is_the_same_folder_under_the_name_that_the_gateways_know() -> None:
    fly = tomllib.loads((FOLDER / "fly.toml").read_text())
    (checks,), (vm,) = fly["http_service"]["checks"], fly["vm"]
    tables = {**fly, "": fly, "http_service.checks": checks, "vm": vm}
    assert [name for name, known in FLY.items() if not set(tables[name]) <= known] == []
    prod = stack_settings("prod")
    part = parts(prod)["functions"]
    failovers = [failover for stack in STACKS if (failover := stack_settings(stack).services["functions"].failover)]
    assert {each.url for each in failovers} == {f"https://{fly['app']}.fly.dev/"}
    assert {each.health_path for each in failovers} == {checks["path"]}
    public = {"SUPABASE_URL": f"https://{prod.database_fqdn}"}
    assert fly["env"] == {name: value for name, value in part.env.items() if name != "FUNCTIONS_VERSION"} | public
    assert set(part.secrets) == {"SUPABASE_ANON_KEY", "SUPABASE_JWKS"}
    image = (FOLDER / fly["build"]["dockerfile"]).read_text()
    assert f"FROM {versions.EDGE_RUNTIME.reference}\n" in image
    port = re.search(r'"--port", "(\d+)"', image)
    assert port
    assert int(port[1]) == fly["http_service"]["internal_port"] == fly["metrics"]["port"]
    assert json.loads(re.findall(r"^CMD (\[.*)$", image, re.MULTILINE)[0])[:3] == list(part.command)[1:]
