"""What is wrong is said in one clear sentence, end to end, before anything is made, started or changed."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.broken import broken_tools
from tests.e2e.checkout import Checkout, checkout

pytestmark = [pytest.mark.needs_tools, pytest.mark.timeout(300)]

_STACK, _SERVICES, _RELEASE = "Pulumi.staging.yaml", "services/staging.yaml", "releases/staging.yaml"


@dataclass(frozen=True)
class Mistake:
    """An edit of a file, and what has to be said about it."""

    name: str
    file: str
    old: str
    new: str
    setting: str
    wrong: str
    right: str
    alone: bool = False
    """Whether the others are not seen beside it, or cannot be made."""


MISTAKES = [
    Mistake("unknown key", _STACK, "    pool: luxima", "    poool: luxima-staging\n    pool: luxima",
            "luxima:compute.poool", "is not a setting", "did you mean pool?"),
    Mistake("wrong type", _STACK, "scrape_interval_seconds: 15", "scrape_interval_seconds: often",
            "luxima:observability.scrape_interval_seconds", '"often"', "give "),
    Mistake("no domain", _STACK, "domain: staging.acehcommerce.id", "domain: staging acehcommerce",
            "luxima:environment.domain", '"staging acehcommerce" is not right', "give a DNS name"),
    Mistake("retention below the requirement", _STACK, "database_days: 30", "database_days: 29",
            "luxima:retention.backups.database_days", "29", "30"),
    Mistake("VM larger than its node", _STACK, "memory_mib: 16384, disk_gib: 2048, address: 10.10.20.41",
            "memory_mib: 98305, disk_gib: 2048, address: 10.10.20.41",
            "luxima:compute.vms.docker-1.memory_mib", "98305", "98304"),
    Mistake("overlapping VM ids", _STACK, "id: 2131", "id: 2122",
            "luxima:compute.vms.docker-1.id", "2122", "k3s-agent-2"),
    Mistake("overlapping addresses", _STACK, "address: 10.10.20.41", "address: 10.10.20.31",
            "luxima:compute.vms.docker-1.address", "10.10.20.31", "k3s-agent-1"),
    Mistake("services in the stack file", _STACK, "  luxima:guard:", "  luxima:services: {auth: {}}\n\n  luxima:guard:",
            "luxima:services", "services have a file of their own", "move them to services/staging.yaml"),
    Mistake("a service's wrong type", _SERVICES, "  replicas: 2\n", '  replicas: "2"\n',
            "storefront.replicas", '"2" is text, not a whole number', "write 2 without quotes"),
    Mistake("a service's unknown key", _SERVICES, "storefront:\n", "storefront:\n  hosts: []\n",
            "storefront.hosts", "is not a setting", "did you mean host?"),
    Mistake("a services file that is not YAML", _SERVICES, "storefront:\n", "storefront: [\n",
            "the file is not YAML", "", "", alone=True),
    Mistake("unknown service", _RELEASE, "  storefront:", "  shopfront:",
            "services.shopfront", "is not a service", "storefront", alone=True),
    Mistake("live slot is empty", _RELEASE, "live: blue", "live: green",
            "services.storefront.live", "green", "blue", alone=True),
    Mistake("live slot does not exist", _RELEASE, "live: blue", "live: purple",
            "services.storefront.live", '"purple" is not right', "give blue or green"),
    Mistake("a file that is not YAML", _STACK, "config:", "config: [",
            _STACK, "", "", alone=True),
]  # fmt: skip
RUNS = [
    [mistake for mistake in MISTAKES if not mistake.alone],
    *([mistake] for mistake in MISTAKES if mistake.alone),
]


@pytest.fixture(scope="module")
def copy() -> Generator[Checkout]:
    """A checkout in which nothing was ever started."""
    with checkout() as made:
        yield made


@pytest.mark.parametrize("mistakes", RUNS, ids=lambda mistakes: mistakes[0].name)
def test_mistakes_are_named_and_nothing_is_made(copy: Checkout, mistakes: list[Mistake]) -> None:
    right = {path: path.read_text(encoding="utf-8") for path in {copy.root / each.file for each in mistakes}}
    for each in mistakes:
        copy.replace(each.file, each.old, each.new)
    try:
        done = copy.run("up", "--stack", "staging")
    finally:
        for path, content in right.items():
            path.write_text(content, encoding="utf-8")
    assert done.code == 1, str(done)
    for each in mistakes:
        (line,) = [line for line in done.err.splitlines() if each.setting in line]
        assert each.wrong in line, each.name
        assert each.right in line, each.name
    assert "Traceback" not in done.text
    assert done.out == ""
    assert not copy.sandbox("staging").exists()
    assert copy.processes() == []


def test_a_stack_that_does_not_exist_is_named(copy: Checkout) -> None:
    done = copy.run("up", "--stack", "production")
    assert done.code == 1
    assert done.err == "error: there is no stack 'production'; STACK is one of dev, prod, staging\n"
    assert not copy.sandbox("production").exists()


def test_a_tool_that_does_not_build_is_named_with_its_log(copy: Checkout) -> None:
    done = copy.run("up", "--stack", "dev", environment=broken_tools(copy.root.parent))
    assert done.code == 1
    (line,) = [line for line in done.err.splitlines() if line.startswith("error: ")]
    assert "with Go" in line
    assert "internal compiler error: out of registers" in line
    (log,) = [
        word.strip("().,;:")
        for word in line.split()
        if "broken-cache" in word and word.rstrip("().,;:").endswith(".log")
    ]
    assert "internal compiler error" in Path(log).read_text(encoding="utf-8")
    assert "Traceback" not in done.text
    # Nothing was started; what was made is the folder for it.
    assert copy.processes() == []
    assert not (copy.sandbox("dev") / "ports.json").exists()
    assert not (copy.sandbox("dev") / "state").exists()
