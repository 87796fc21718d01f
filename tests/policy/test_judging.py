"""How a rule is judged: what cannot be evaluated has failed, and one unknown value does not hide the rest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from policy.exempting import Covers, Exemption
from policy.judging import Level, Resource, Rule, Stack, resource_rule, stack_rule
from policy.values import Finding, UnevaluableError, Value

from .spec import UNKNOWN, declared

TYPE = "test:index:Thing"


def _made(check: object) -> Rule:
    return resource_rule("thing", requirements=("SEC-1",), types=(TYPE,))(check)  # pyright: ignore[reportArgumentType]


def _names(resource: Resource) -> Iterator[Finding]:
    """Every name is good."""
    for item in resource.props.at("list").items():
        name = item.at("name")
        if name.text != "good":
            yield name.wrong(f"is {name.text!r}", "give good")


def _paths(rule: Rule, props: dict[str, object], *exemptions: Exemption) -> list[tuple[str, bool]]:
    return [(each.path, each.unknown) for each in rule.judge([declared(TYPE, props)], exemptions)]


def test_an_unknown_value_does_not_hide_what_comes_after_it() -> None:
    props: dict[str, object] = {"list": [{"name": UNKNOWN}, {"name": "bad"}, {"name": UNKNOWN}]}
    assert _paths(_made(_names), props) == [("list[0].name", True), ("list[2].name", True), ("list[1].name", False)]


def test_an_exempt_unknown_value_does_not_excuse_what_comes_after_it() -> None:
    props: dict[str, object] = {"list": [{"name": UNKNOWN}, {"name": "bad"}]}
    exemption = Exemption("thing", TYPE, "*", "list[0].name", Covers.UNKNOWN, "for this test")
    assert _paths(_made(_names), props, exemption) == [("list[1].name", False)]


def test_an_unknown_value_that_the_rule_does_not_read_does_not_matter() -> None:
    assert _paths(_made(_names), {"list": [{"name": "good", "other": UNKNOWN}], "more": UNKNOWN}) == []


def test_an_unknown_element_of_a_list_is_one_finding() -> None:
    assert _paths(_made(_names), {"list": [UNKNOWN, {"name": "bad"}]}) == [("list[0]", True), ("list[1].name", False)]


def test_a_place_beside_an_unknown_one_is_not_taken_for_it() -> None:
    def check(resource: Resource) -> Iterator[Finding]:
        """Every entry is good."""
        for _, value in resource.props.at("data").entries():
            if value.text != "good":
                yield value.wrong("is not good", "give good")

    assert _paths(_made(check), {"data": {"key": UNKNOWN, "keys": "bad"}}) == [("data.key", True), ("data.keys", False)]


@pytest.mark.parametrize("props", [{"list": "a text"}, {"list": [{"name": {"a": 1}}]}, {"list": {"a": 1}}])
def test_an_input_of_another_shape_is_a_failure(props: dict[str, object]) -> None:
    findings = _made(_names).judge([declared(TYPE, props)], [])
    assert len(findings) == 1
    assert findings[0].problem.startswith("is not ")
    assert not findings[0].unknown


def test_a_bug_in_a_rule_is_a_failure_that_tells_no_value() -> None:
    def check(resource: Resource) -> Iterator[Finding]:
        """It stumbles."""
        yield from ()
        raise ValueError(resource.props.at("password").text)

    rule = _made(check)
    findings = rule.judge([declared(TYPE, {"password": "hunter22"})], [])
    assert [finding.problem for finding in findings] == ["could not be judged by the rule: ValueError"]
    assert "hunter22" not in rule.message(findings[0])


def test_a_rule_that_fails_on_a_stack_without_its_types_is_a_failure() -> None:
    def check(stack: Stack) -> Iterator[Finding]:
        """It stumbles."""
        yield from ()
        raise KeyError(stack.of("nothing"))

    rule = stack_rule("thing", requirements=("SEC-1",), types=(TYPE,))(check)
    assert len(rule.judge([], [])) == 1


def test_a_rule_judges_only_its_types() -> None:
    assert _made(_names).judge([declared("test:index:Other", {"list": "a text"})], []) == []


def test_unknown_in_one_resource_of_a_stack_leaves_the_same_path_of_another_judged() -> None:
    def check(stack: Stack) -> Iterator[Finding]:
        """No name is bad."""
        for resource in stack.of(TYPE):
            if resource.props.at("name").text == "bad":
                yield resource.props.at("name").wrong("is bad", "give good")

    rule = stack_rule("thing", requirements=("SEC-1",), types=(TYPE,))(check)
    found = rule.judge([declared(TYPE, {"name": UNKNOWN}, "a"), declared(TYPE, {"name": "bad"}, "b")], [])
    assert [(each.subject.name, each.unknown) for each in found] == [("a", True), ("b", False)]


def test_enforcement_is_production_s_for_any_name_but_dev() -> None:
    rule = resource_rule("thing", requirements=("SEC-1",), types=(TYPE,), dev=Level.ADVISORY, because="for this test")(
        _names
    )
    assert rule.level("dev") is Level.ADVISORY
    for stack in ("staging", "prod", "", "development", "Dev", "org/luxima/dev"):
        assert rule.level(stack) is Level.MANDATORY


@pytest.mark.parametrize(
    ("raw", "read", "value"),
    [
        ("true", "flag", True),
        (False, "flag", False),
        (None, "flag", None),
        (3.0, "text", "3"),
        (0.5, "text", "0.5"),
        (True, "text", "true"),
        ("", "number", None),
        ("12", "number", 12.0),
        (None, "present", False),
        ({}, "present", True),
    ],
)
def test_values_read_as_what_they_are(raw: object, read: str, value: object) -> None:
    assert getattr(Value({"a": raw}, declared(TYPE, {}).subject).at("a"), read) == value


@pytest.mark.parametrize(
    ("raw", "read"), [("yes", "flag"), (1.0, "flag"), (True, "number"), ("x", "number"), ([], "text")]
)
def test_values_of_another_shape_are_not_guessed(raw: object, read: str) -> None:
    with pytest.raises(UnevaluableError):
        getattr(Value({"a": raw}, declared(TYPE, {}).subject).at("a"), read)


def test_leaves_are_all_there_is_below() -> None:
    value = Value({"a": {"b": [1.0, {"c": "x"}]}, "d": None}, declared(TYPE, {}).subject)
    assert [(leaf.path, leaf.text) for leaf in value.leaves()] == [("a.b[0]", "1"), ("a.b[1].c", "x")]
