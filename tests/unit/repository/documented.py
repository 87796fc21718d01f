"""The commands that the documents tell people to type, and which test runs each, or why none can."""

import ast
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]

_TYPED = "test_makefile.py::test_what_needs_no_server_runs_as_it_is_typed"
_THIS = "is what this test is run by; its steps and its verdict are proven in test_suites.py"
_MACHINE = "asks or repairs a machine that is ill, as root on it"

RUN: Mapping[str, str] = {
    **dict.fromkeys(("make status", "make tools"), _TYPED),
    **dict.fromkeys(("make up", "make destroy", "make down"), "test_life.py::test_everything_is_there"),
    **dict.fromkeys(("make lint", "make test", "make test-all", "make test-e2e", "make test-unit"), _THIS),
    **dict.fromkeys(("make docs", "python -m tests.proofs"), "test_proofs.py::test_check_compares_and_writing_mends"),
    "python -m sandbox.providers.reference": "writes docs/reference/stand-ins.md; `make lint` compares it",
    **dict.fromkeys(("make release", "python -m release"), "test_node.py::test_a_rolling_update"),
    **dict.fromkeys(
        ("make backup-status", "make restore", "python -m backup"),
        "test_node.py::test_a_backup_is_brought_back_where_the_platform_runs",
    ),
    "python -m tests.bench.rules": "measures for minutes; what it judges with is tested by tests/policy",
    "python -m tests.bench.backups": "takes minutes for figures that only an idle machine gives",
    "python -m tests.bench.registry": "takes minutes for figures that only an idle machine gives",
    "python -m tests.bench.machines": "takes a quarter of an hour for counts that change with the plugin only",
    "make bench": "takes many minutes for figures that only an idle machine gives",
    "make clean": "test_command_line.py::test_clean_forgets_one_stack_and_with_the_last_one_all",
    "make demo": "test_demo.py::test_a_good_release_and_a_bad_one_that_is_taken_back",
    "make e2e-traffic": "takes half an hour; the same scenarios are run in their short form by tests/e2e/edge",
    "make format": "changes the checkout's files; `make lint` says whether it would",
    "make help": "test_makefile.py::test_every_target_is_in_the_list_that_make_alone_shows",
    "make hooks": "changes how the clone commits; what the hooks run is `make lint`",
    "make lock": "asks the package registry for newer versions; test_lock.py compares what is committed",
    "make preview": "test_preview.py::test_what_would_be_made_is_shown_by_room_and_type",
    "make refresh": "test_life.py::test_nothing_changes_when_nothing_did",
    "make schema": "test_schema.py::test_an_outdated_schema_is_noticed_and_written_anew",
    "make shell": "test_node.py::test_users_reach_the_shop_by_its_name",
    "make capacity": "test_render.py::test_every_stack_is_as_large_as_its_load_asks_for",
    "make postmortem": "test_render.py::test_a_post_mortem_names_runbook_and_dashboard_and_files_itself",
    "make render": "test_render.py::test_every_document_is_a_file_under_its_readers_name",
    "make flows": "test_render.py::test_who_talks_to_whom_is_shown",
    "make machines": "test_render.py::test_what_runs_where_is_what_is_declared",
    "make new-service": "settings/test_command.py::test_a_new_service_is_one_entry_for_each_stack",
    "make secrets": "test_render.py::test_each_secret_that_is_needed_is_explained",
    "make versions": "test_render.py::test_what_others_support_is_shown_for_what_the_stack_runs",
    "make venv": "test_bootstrap.py::test_it_is_made_once_and_brought_up_to_date_in_place",
    **dict.fromkeys(
        ("make policy", "python -m policy.offline"),
        "policy/test_offline.py::test_the_example_breaks_the_rules_that_the_page_names",
    ),
    "make policy-mutants": "policy/test_mutants.py::test_of_a_sample_none_survives",
    "python -m policy.docs": "policy/test_docs.py::test_check_compares_and_writing_mends",
    "python -m release canary": "releases/test_canary.py::test_from_a_share_to_all_and_back",
    "python -m release clean-registry": "delivery/test_clean.py::test_what_nobody_needs_goes_and_what_is_named_stays",
    "python -m release promote-database": "release/test_promotion.py::test_the_old_one_is_ended_first",
    "make images": "release/test_images.py::test_each_is_built_pushed_and_named_by_its_digest",
    "python -m release shadow": "test_node.py::test_a_shadow",
    "python -m settings check": "settings/test_command.py::test_it_runs_as_a_module",
    "python -m sandbox up": "test_node.py::test_every_pod_is_ready",
    **dict.fromkeys(
        ["ssh", "qm", "pct", "pvesm", "systemctl", "journalctl", "chronyc", "k3s", "ip", "arping"], _MACHINE
    ),
    **dict.fromkeys(["pveum", "pvecm", "rm"], "changes a Proxmox cluster, as root on one of its hosts"),
    **dict.fromkeys(
        ["dig", "ping", "curl", "crane", "mc", "docker", "openssl"], "asks a server or a machine of a stack"
    ),
    "pulumi": "works on a deployment of one's own, and needs the official command line and its backend",
    "git": "looks at or puts back a release file of one's own",
    "kubectl": "asks a cluster in which something is wrong, or repairs it; its names are compared with the program's",
    "logcli": "asks the Loki of a stack; test_queries.py has its queries parsed by one",
    "certbot": "asks Let's Encrypt",
    "fly": "deploys to an account at Fly.io",
}
"""By the words that a command begins with, the most that fit: a test, or why there is none."""

_PLUMBING = "awk base64 cat cut date echo grep gunzip head jq lsof mkdir sed sort tail tr uniq wc"
"""Programs that only work on what others print, and the shell's own."""
_PROGRAMS = {each.split()[0] for each in RUN}
_SHELL = ("for", "do", "done", "in")


@dataclass(frozen=True)
class Command:
    """Something to type, and where it stands."""

    place: str
    text: str
    """The whole line."""
    words: tuple[str, ...]
    """One program of the line and what it is given, without what is in front of it."""


def documents() -> list[Path]:
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def lines(path: Path) -> Iterator[tuple[str, str]]:
    """What a document has people type: in blocks of the shell or of a console, and within sentences."""
    block = re.compile(r"^```(\w*)\n(.*?)^```$|`([^`]+)`", re.MULTILINE | re.DOTALL)
    text = path.read_text(encoding="utf-8")
    for found in block.finditer(text):
        place = f"{path.relative_to(ROOT)}:{text[: found.start()].count(chr(10)) + 1}"
        language, inside, within = found.groups()
        if within is not None:
            said = " ".join(within.split()).replace(r"\|", "|")
            program = re.sub(r"^(sudo |[A-Z_]+=\S+ )+", "", said).partition(" ")
            # One word alone is a name, and so is a verb of the release tool.
            if program[2] and (program[0] in _PROGRAMS or (program[0] == "release" and " " in program[2])):
                yield place, said
        else:
            typed = [line.removeprefix("$ ") for line in inside.splitlines() if language == "sh" or line[:2] == "$ "]
            yield from ((place, line) for line in typed if line and language in ("sh", "console"))


def commands(place: str, line: str) -> Iterator[Command]:
    """The programs of a line, one by one."""
    typed = re.sub(r"\[(\w+=\w+)[^\]]*\]", r"\1", line) if line.startswith("make") else line
    lexer = shlex.shlex(typed, posix=True, punctuation_chars="|&;<>()")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, ";"]:
        if word and not set(word) - set("|&;()"):
            if found := _without_front(words):
                yield Command(place, line, tuple(found))
            words = []
        else:
            words.append(word)


def _without_front(words: list[str]) -> list[str]:
    """Without assignments, `sudo` and the shell's own words."""
    left = list(words)
    while left and (re.match(r"[A-Za-z_]+=", left[0]) or left[0] in (*_SHELL, "sudo", "!")):
        left = [] if left[0] == "for" else left[1:]
    return [] if left and left[0] in _PLUMBING.split() else left


def entry(words: tuple[str, ...]) -> str | None:
    """The longest entry of the table that a command begins with."""
    found = [each for each in RUN if tuple(each.split()) == words[: len(each.split())]]
    return max(found, key=len, default=None)


_FOR = {"service": "storefront", "name": "storefront", "kind": "canary", "more": "10"}


def sentences() -> Iterator[tuple[str, str]]:
    """What the project's own programs say, with something in the place of each value."""
    for package in ("automation", "components", "demo", "policy", "release", "render", "sandbox", "settings", "tools"):
        for path in sorted((ROOT / package).rglob("*.py")):
            nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
            parts = {id(each) for node in nodes if isinstance(node, ast.JoinedStr) for each in node.values}
            remarks = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
            for node in nodes:
                if isinstance(node, ast.JoinedStr | ast.Constant) and id(node) not in parts | remarks:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", _said(node)


def _said(node: ast.JoinedStr | ast.Constant) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    parts = (ast.unparse(each.value) if isinstance(each, ast.FormattedValue) else each for each in node.values)
    return "".join(_FOR.get(part, "dev") if isinstance(part, str) else ast.literal_eval(part) for part in parts)
