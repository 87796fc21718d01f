"""The engine is asked for as little as can be, and for everything when that does not do."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from automation.marks import SECRET, SIGNATURE
from automation.tokens import STACK
from components.release_memory import entry
from release import resources
from release.errors import Interrupted, Refused, ReleaseError
from release.pulumi_engine.stack import LEDGER, RECORD, PulumiEngine
from release.pulumi_engine.targets import Change, Target
from release.state import parse

HEAD = "urn:pulumi:prod::luxima::"
TEXT = """\
revision: 8
services:
  storefront:
    live: blue
    slots:
      blue: {image: 'registry.luxima.id/aceh/storefront@sha256:%s', standing: verified}
      green: null
""" % ("a" * 64)
TARGETS = [resources.public_record("storefront"), resources.ledger()]
LEDGER_URN = f"{HEAD}{LEDGER}::release-ledger"
SWITCHED = Change(f"{HEAD}{RECORD}::dns-public-service-storefront", "update", RECORD, ("records",))
WRITTEN = Change(LEDGER_URN, "update", LEDGER, ("digest", "revision"))

Ask = Callable[[bool, Sequence[Any]], list[Change]]


class Asked(PulumiEngine):
    """An engine that answers as it is told."""

    def __init__(self, answer: Ask, seen: dict[str, Any] | None) -> None:
        self.root = self.project = self.log = Path()
        self.stack = "prod"
        self._whole = False
        self._state = [] if seen is None else [{"urn": LEDGER_URN, "type": LEDGER, "outputs": seen}]
        self._answer = answer
        self.runs: list[tuple[bool, list[str]]] = []

    def _run(
        self, text: str, targets: Sequence[Target] | Sequence[str], *, preview: bool, go_on: bool = False
    ) -> list[Change]:
        assert (text, preview, go_on) == (TEXT, True, False)
        self.runs.append((self._whole, [target if isinstance(target, str) else target.name for target in targets]))
        return self._answer(self._whole, targets)


def seen(**more: Any) -> dict[str, Any]:
    return {**entry(parse(TEXT, "it"), "prod"), "revision": 7, "digest": "0", **more}


def test_the_ledger_is_known_without_the_engine() -> None:
    engine = Asked(lambda _whole, _targets: [SWITCHED], seen())
    assert engine.preview(TEXT, TARGETS) == [WRITTEN, SWITCHED]
    assert engine.runs == [(False, ["dns-public-service-storefront"])]


def test_a_ledger_that_has_seen_it_does_not_change() -> None:
    engine = Asked(lambda _whole, _targets: [], entry(parse(TEXT, "it"), "prod"))
    assert engine.preview(TEXT, TARGETS) == []


@pytest.mark.parametrize(
    ("remembered", "said"),
    [
        ({"revision": 9}, "the checkout is older than the last release or rollback"),
        ({"revision": 8}, "changed by hand or on another branch"),
    ],
)
def test_a_file_that_the_stack_would_refuse_is_refused_before_the_engine_is_asked(
    remembered: dict[str, Any], said: str
) -> None:
    engine = Asked(lambda _whole, _targets: [], seen(**remembered))
    with pytest.raises(Refused, match=said):
        engine.preview(TEXT, TARGETS)
    assert engine.runs == []


def test_what_goes_beyond_the_step_is_refused() -> None:
    beside = Change(SWITCHED.urn, "update", RECORD, ("records", "ttl"))
    engine = Asked(lambda _whole, _targets: [beside], seen())
    with pytest.raises(Refused, match=r"would also update dns-public-service-storefront \(records, ttl\)"):
        engine.preview(TEXT, TARGETS)


def broken_when_narrow(whole: bool, _targets: Sequence[Any]) -> list[Change]:
    if not whole:
        raise ReleaseError("Duplicate resource URN")
    return [WRITTEN, SWITCHED]


def test_where_little_does_not_do_the_engine_is_asked_for_everything_from_then_on() -> None:
    engine = Asked(broken_when_narrow, seen())
    assert engine.preview(TEXT, TARGETS) == [WRITTEN, SWITCHED]
    assert engine.preview(TEXT, TARGETS) == [WRITTEN, SWITCHED]
    every = ["dns-public-service-storefront", "release-ledger"]
    assert engine.runs == [(False, every[:1]), (True, every), (True, every)]


def test_what_stops_the_whole_program_stops_the_step() -> None:
    def always(_whole: bool, _targets: Sequence[Any]) -> list[Change]:
        raise ReleaseError("policy bucket-encrypted: no")

    with pytest.raises(ReleaseError, match="bucket-encrypted"):
        Asked(always, seen()).preview(TEXT, TARGETS)


def test_an_interruption_is_no_reason_to_ask_again() -> None:
    def interrupted(_whole: bool, _targets: Sequence[Any]) -> list[Change]:
        raise Interrupted("stopped")

    engine = Asked(interrupted, seen())
    with pytest.raises(Interrupted):
        engine.preview(TEXT, TARGETS)
    assert len(engine.runs) == 1


def test_a_stack_without_a_ledger_is_asked_for_everything() -> None:
    engine = Asked(lambda _whole, _targets: [WRITTEN], None)
    assert engine.preview(TEXT, TARGETS) == [WRITTEN]
    assert [names for _, names in engine.runs] == [["dns-public-service-storefront", "release-ledger"]]


def test_outputs_are_read_from_the_state_with_all_their_secrets() -> None:
    def secret(value: Any) -> dict[str, str]:
        return {SIGNATURE: SECRET, "plaintext": json.dumps(value)}

    engine = Asked(lambda _whole, _targets: [], None)
    assert engine.outputs() == {}
    outputs = {"key": secret("a"), "both": secret({"inner": secret("b"), "open": [1, secret("c")]}), "open": "d"}
    engine._state = [{"urn": "u", "type": STACK, "outputs": outputs}]  # pyright: ignore[reportPrivateUsage] - as exported
    assert engine.outputs() == {"key": "a", "both": {"inner": "b", "open": [1, "c"]}, "open": "d"}
