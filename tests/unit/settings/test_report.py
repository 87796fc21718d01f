"""The report: all mistakes at once, in file order, in plain words, without secrets."""

import re
from typing import Any, cast, get_args

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from settings.loading import check
from settings.report import show
from settings.stack import Settings
from tests.unit.settings.stacks import ABSENT, ROOT, Checkout, data_of

TEN_MISTAKES = {
    "environment.uptime_objective_percent": 99,
    "environment.domain": "not a domain",
    "compute.network.vlan": 5000,
    "compute.vms.docker-1.memory_mib": "4096",
    "compute.vms.k3s-agent-1.adress": "10.10.10.31",
    "compute.containers.ns1.id": 1111,
    "storage.buckets.media.versioning": "on",
    "retention.logs.security_days": 30,
    "dns": ABSENT,
    "services.storefront.storage_user": "storefrint",
    "releases.services.storefront.live": "green",
}


def test_all_mistakes_are_reported_at_once(dev: Checkout) -> None:
    assert dev.report(TEN_MISTAKES) == [
        "The settings of stack dev have 11 mistakes; nothing was changed.",
        "Pulumi.dev.yaml:",
        '  luxima:environment.domain: "not a domain" is not right; give a DNS name such as staging.acehcommerce.id: '
        "two labels or more of lower-case letters, digits and inner hyphens, 63 characters at most each and 253 "
        "together (RFC 1035, RFC 1123) (domain under which the public services are reached)",
        "  luxima:environment.uptime_objective_percent: 99 is too low; requirement ENV-4 asks for at least 99.9",
        "  luxima:compute.network.vlan: 5000 is too large; give at most 4094 (VLAN tag of the guests' interfaces)",
        "  luxima:compute.vms.k3s-agent-1.adress: is not a setting; did you mean address?",
        '  luxima:compute.vms.docker-1.memory_mib: "4096" is text, not a whole number; write 4096 without quotes',
        "  luxima:compute.containers.ns1.id: 1111 is the id of vms.k3s-server-1 already; give each guest an id of "
        "its own",
        '  luxima:storage.buckets.media.versioning: "on" is text, not true or false; give true or false (whether '
        "overwritten and deleted objects are kept as old versions)",
        "  luxima:retention.logs.security_days: 30 is too short; requirement LOG-2 asks for at least 60",
        "  luxima:dns: is missing; give a table with servers, tsig, guard_tsig, ttl_seconds, switch_ttl_seconds, "
        "hosts and mail",
        "services/dev.yaml:",
        '  line 11: storefront.storage_user: "storefrint" is not a user of the object storage; '
        "did you mean storefront?",
        "releases/dev.yaml:",
        '  line 4: services.storefront.live: "green" is empty: nothing runs in it; give blue, or an image to green',
    ]


def test_mistakes_come_in_file_order_with_their_lines(dev: Checkout) -> None:
    file = (ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8")
    (dev.folder / "Pulumi.dev.yaml").write_text(file, encoding="utf-8")
    mistakes = dev.mistakes({**TEN_MISTAKES, "compute.network.gateway": ABSENT})
    of_stack_file = mistakes[:-2]
    lines = [int(found[1]) for mistake in of_stack_file if (found := re.match(r"line (\d+): ", mistake))]
    assert len(lines) == len(of_stack_file)
    assert lines == sorted(lines)
    text = file.splitlines()
    vlan = next(mistake for mistake in mistakes if "network.vlan" in mistake)
    assert vlan.startswith(f"line {text.index('      vlan: 10') + 1}: ")


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ({"compute.pool": ABSENT}, "compute.pool: is missing; give its value (resource pool that all guests"),
        ({"compute.pool": None}, "compute.pool: is empty; give its value (resource pool"),
        ({"compute.network": None}, "compute.network: is empty; give a table with bridge, vlan, cidr, gateway,"),
        ({"compute.network": []}, "compute.network: is a list, not a table; give a table with bridge"),
        ({"compute.vms": ["docker-1"]}, "compute.vms: is a list, not a table; give its value (virtual machines"),
        ({"dns.servers": {}}, "dns.servers: is a table, not a list; give a list (authoritative name servers"),
        ({"dns.servers": []}, "dns.servers: has too few entries; give at least 1 ("),
        ({"dns.servers.0.port": "53"}, 'dns.servers[0].port: "53" is text, not a whole number; write 53 without'),
        ({"dns.servers.0.port": 0}, "dns.servers[0].port: 0 is too small; give at least 1 ("),
        ({"dns.servers.0.port": 53.5}, "dns.servers[0].port: 53.5 is a number with a fraction, not a whole number"),
        ({"dns.servers.0.port": 10**30}, "dns.servers[0].port: 1000000000000000000000000000000 "),
        ({"dns.servers.0.port": True}, "dns.servers[0].port: true is a boolean, not a whole number"),
        (
            {"environment.uptime_objective_percent": 100},
            "uptime_objective_percent: 100 is too large; give less than 100",
        ),
        ({"environment.uptime_objective_percent": "99.9"}, '"99.9" is text, not a number; write 99.9 without quotes'),
        (
            {"kubernetes.version": 1.34},
            "kubernetes.version: 1.34 is a number with a fraction, not text; put it in quotes",
        ),
        ({"kubernetes.mode": "k8s"}, 'kubernetes.mode: "k8s" is not right; give k3s or existing'),
        ({"dns.tsig.algorithm": "hmac-md5"}, "give hmac-sha256, hmac-sha384 or hmac-sha512"),
        ({"compute.network.name_servers": 4 * ["10.0.0.1"]}, "has too many entries; give at most 3"),
        (
            {"edge.gateways.purple": {"address": "10.10.10.63"}},
            '"purple" cannot be a name here; give blue or green',
        ),
        ({"edge.gateways.green": ABSENT}, "edge.gateways: lacks a slot; give both blue and green ("),
        ({"releases.services.storefront.slots.green": ABSENT}, "slots: lacks a slot; give both blue and green ("),
        ({"releases.services.storefront.live": "red"}, 'live: "red" is not right; give blue or green'),
        (
            {"compute.vms.Docker_1": data_of("dev")["compute"]["vms"]["docker-1"]},
            '"Docker_1" cannot be a name here',
        ),
        ({"releases": ABSENT}, "the file is missing; before the first release it holds `services: {}`"),
        ({"releases": None}, "is empty; give a table with revision and services"),
        ({"releases": {"services": None}}, "services: is empty; give its value (released services by name"),
        ({"services": ABSENT}, "the file is missing; it holds the services of the stack by name"),
        ({"services": None}, "is empty; give its value (services by name)"),
        ({"services": {}}, "line 1: has too few entries; give at least 1"),
        ({"retention": ABSENT}, "luxima:retention: is missing; give a table with metrics_days, log_objects_days, "),
        ({"xyz": {}}, "luxima:xyz: is not a setting; remove it with `pulumi config rm luxima:xyz --stack dev`"),
        (
            {"retension": {}},
            "luxima:retension: is not a setting; did you mean luxima:retention? If not, remove it with",
        ),
        ({"storage.root_password": "hunter2"}, "storage.root_password: is not a setting; "),
    ],
)
def test_what_is_said_of_a_mistake(edits: dict[str, Any], expected: str, dev: Checkout) -> None:
    assert any(expected in mistake for mistake in dev.mistakes(edits)), dev.report(edits)


def test_text_that_is_not_json_is_named(dev: Checkout) -> None:
    dev.plain = {"backup": "twice a day", "dns": '{"ttl_seconds": NaN}'}
    assert dev.mistakes() == [
        f"luxima:{area}: is a text that is not JSON; give a table, as the other stacks have it"
        for area in ("backup", "dns")
    ]


def test_values_that_are_no_text_are_taken_as_they_are(dev: Checkout) -> None:
    dev.plain = {"backup": {"host": "docker-1", "database_interval_hours": 13}}  # pyright: ignore[reportAttributeAccessIssue] - what is tried here
    assert dev.mistakes() == [
        "luxima:backup.database_interval_hours: 13 is too long; requirement BAK-1 asks for at most 12"
    ]


def test_keys_of_other_namespaces_are_not_looked_at(dev: Checkout) -> None:
    settings = dev.load()
    assert settings == check("dev", ROOT).model_copy(update={"secrets": settings.secrets})


def test_a_rule_is_silent_about_what_is_reported_already(dev: Checkout) -> None:
    """The bucket and the user are there, though something in them is wrong: nobody is told that they are missing."""
    mistakes = dev.mistakes({"storage.buckets.media.quota_gib": 0, "storage.users.storefront.access": "all"})
    assert len(mistakes) == 2
    wrong = {"retention.log_objects_days": "long", "retention.logs.audit_days": 120}
    mistakes = dev.mistakes({**wrong, "retention.backups.audit_logs_days": 120})
    assert len(mistakes) == 1
    (mistake,) = dev.mistakes({"releases.services.storefront.slots.blue": False})
    assert "slots.blue: false is a boolean, not a table; give a table with image" in mistake


def test_a_mistake_in_one_table_hides_none_in_others(dev: Checkout) -> None:
    edits = {
        "compute.vms.k3s-server-1.address": "nowhere",
        "compute.vms.docker-1.address": "10.10.10.31",
        "observability.database": "10.10.10.31:5432",
        "dns.hosts.core.object-storage": ["10.10.10.31"],
    }
    first, second = dev.mistakes(edits)
    assert '"nowhere" is not right; give an IPv4 address' in first
    assert "10.10.10.31 is the address of compute.vms.k3s-agent-1.address already" in second


PLACES: list[tuple[str | int, ...]] = [
    ("compute",),
    ("compute", "vms"),
    ("compute", "vms", "docker-1"),
    ("compute", "network"),
    ("kubernetes", "namespaces", "commerce", "quota"),
    ("storage", "users", "storefront"),
    ("retention", "logs"),
    ("dns", "servers", 0),
    ("dns", "tsig"),
    ("edge", "gateways"),
    ("edge", "certificates"),
    ("services",),
    ("services", "storefront"),
    ("services", "storefront", "objectives", "latency"),
    ("observability", "alerts"),
    ("releases", "services", "storefront", "slots"),
    (),
]
_LIBRARY = re.compile(r"Input should|pydantic|type=|Traceback|validation|None\b|dict\b")
"""Words of Python and of the library that reads settings."""


def _text(size: int) -> st.SearchStrategy[str]:
    """Without those words: the report shows what was given, and Hypothesis likes them."""
    return st.text(max_size=size).filter(lambda text: not _LIBRARY.search(text))


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    _text(20).map("~".__add__),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(_text(5), st.integers(), max_size=2),
    st.just(ABSENT),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(edits=[((), 10, "~ "), (("dns",), 0, "~\x85\u2028\x9b")])
@given(edits=st.lists(st.tuples(st.sampled_from(PLACES), st.integers(0, 50), VALUES), min_size=1, max_size=4))
def test_whatever_is_in_the_files_the_report_speaks_plainly(
    edits: list[tuple[tuple[str | int, ...], int, Any]], dev: Checkout
) -> None:
    data: Any = data_of("dev")
    for place, which, value in edits:
        table = _table_at(data, place)
        if table:
            key = list(table)[which % len(table)]
            if value is ABSENT:
                del table[key]
            else:
                table[key] = value
    whole = {area: data.get(area, ABSENT) for area in data_of("dev")}
    for mistake in dev.mistakes(whole):
        assert re.match(r'(line \d+: )?(luxima:|[a-z]+[.:]|the file |is |".*" is |[^ ]+ is )', mistake), mistake
        assert not _LIBRARY.search(mistake), mistake


def _table_at(data: Any, place: tuple[str | int, ...]) -> dict[str, Any]:
    """The table at `place`, empty if an edit has put something else there or on the way."""
    for key in place:
        try:
            data = data[key]
        except (TypeError, KeyError, IndexError):
            return {}
    return cast("dict[str, Any]", data) if isinstance(data, dict) else {}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("text", '"text"'),
        (True, "true"),
        (None, "null"),
        (3, "3"),
        ([1], "a list"),
        ({"a": 1}, "a table"),
        ("a\x85\u2028\x9b\nb", '"a\\x85\\u2028\\x9b\\nb"'),
        (200 * "a", f'"{100 * "a"}…"'),
        ("https://root:hunter2@pve.luxima.id/", '"https://…@pve.luxima.id/"'),
        ("-----BEGIN PRIVATE KEY-----\nMC4C", "a private key"),
    ],
)
def test_how_values_are_shown(value: object, shown: str) -> None:
    assert show(value) == shown


def test_every_setting_is_described() -> None:
    seen: set[Any] = set()

    def undescribed(kind: Any) -> list[str]:
        found: list[str] = []
        for inner in get_args(kind):
            found += undescribed(inner)
        if hasattr(kind, "model_fields") and kind not in seen:
            seen.add(kind)
            for name, field in kind.model_fields.items():
                found += [] if field.description or kind.__name__ == "SecretsSet" else [f"{kind.__name__}.{name}"]
                found += undescribed(field.annotation)
        return found

    assert undescribed(Settings) == []
    assert len(seen) > 25
