"""Passwords are as long and as made as was wanted."""

from typing import Any

import pytest

from sandbox.providers.base import UNKNOWN, ProviderError
from sandbox.providers.random import RandomDriver

PASSWORD = "random:index/randomPassword:RandomPassword"
PASSWORDS = RandomDriver().handler(PASSWORD)


def made(inputs: dict[str, Any]) -> str:
    return PASSWORDS.create("x", inputs)[1]["result"]


def test_two_passwords_differ_and_are_as_long_as_wanted() -> None:
    one, other = (made({"length": 40, "special": False}) for _ in range(2))
    assert one != other
    assert len(one) == 40
    assert one.isalnum()


@pytest.mark.parametrize(
    ("inputs", "path"),
    [
        ({"length": 0, "special": False}, "length"),
        ({"length": 8, "special": False, "minUpper": 2}, "minUpper"),
        ({"length": 8, "special": True}, "special"),
        ({"length": 8}, "special"),
    ],
)
def test_what_cannot_be_made_is_refused(inputs: dict[str, Any], path: str) -> None:
    assert [at for at, _ in PASSWORDS.check(inputs)] == [path]


def test_good_and_unknown_lengths_are_not_complained_about() -> None:
    for length in (40, UNKNOWN):
        assert PASSWORDS.check({"length": length, "special": False}) == []


def test_every_change_makes_another_value_before_the_old_one_goes() -> None:
    old, new = {"length": 8, "special": True}, {"length": 9, "special": False}
    assert PASSWORDS.replaces(old, new) == {"length", "special"}
    assert not PASSWORDS.deletes_first
    with pytest.raises(ProviderError, match="in place"):
        PASSWORDS.update("none", old, new)


def test_a_value_is_kept_and_secret() -> None:
    inputs = {"length": 8, "special": False}
    _, outputs = PASSWORDS.create("x", inputs)
    assert PASSWORDS.read("none", inputs, outputs) == (inputs, outputs)
    assert PASSWORDS.read("none", inputs, {}) is None, "only the state has it"
    assert PASSWORDS.secrets == {"bcryptHash", "result"}
    assert PASSWORDS.preview(inputs) == {**inputs, "bcryptHash": UNKNOWN, "result": UNKNOWN}


def test_what_is_not_driven_says_so() -> None:
    with pytest.raises(ProviderError, match="does not drive random:index/randomPet:RandomPet"):
        RandomDriver().handler("random:index/randomPet:RandomPet")
