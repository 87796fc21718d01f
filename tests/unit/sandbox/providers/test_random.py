"""Passwords are as long and as made as was wanted."""

import string
from typing import Any

import pytest

from sandbox.providers import random
from sandbox.providers.base import UNKNOWN, ProviderError
from sandbox.providers.random import SPECIAL, RandomDriver

PASSWORD = "random:index/randomPassword:RandomPassword"


def made(inputs: dict[str, Any]) -> str:
    return RandomDriver().create(PASSWORD, "x", inputs)[1]["result"]


def test_two_passwords_differ_and_are_as_long_as_wanted() -> None:
    one, other = (made({"length": 40, "special": False}) for _ in range(2))
    assert one != other
    assert len(one) == 40
    assert one.isalnum()


def test_special_characters_are_in_it_unless_they_are_not_wanted() -> None:
    found = set(made({"length": 5000}))
    assert found == {*string.ascii_letters, *string.digits, *SPECIAL}


@pytest.mark.parametrize(("inputs", "path"), [({"length": 0}, "length"), ({"length": 8, "minUpper": 2}, "minUpper")])
def test_what_cannot_be_made_is_refused(inputs: dict[str, Any], path: str) -> None:
    assert [at for at, _ in RandomDriver().check(PASSWORD, "x", inputs)] == [path]


def test_good_and_unknown_lengths_are_not_complained_about() -> None:
    for length in (40, UNKNOWN):
        assert RandomDriver().check(PASSWORD, "x", {"length": length, "special": False}) == []


def test_every_change_makes_another_value() -> None:
    old, new = {"length": 8}, {"length": 9, "special": False}
    driver = RandomDriver()
    assert driver.replaces(PASSWORD, old, new) == {"length", "special"}
    assert not driver.delete_first(PASSWORD, old, new)
    with pytest.raises(ProviderError, match="in place"):
        driver.update(PASSWORD, "none", old, new)


def test_a_value_is_kept_and_secret() -> None:
    driver = RandomDriver()
    _, outputs = driver.create(PASSWORD, "x", {"length": 8})
    assert driver.read(PASSWORD, "none", {"length": 8}, outputs) == ({"length": 8}, outputs)
    assert driver.secrets(PASSWORD) == {"result"}
    assert driver.preview_outputs(PASSWORD, {"length": 8}) == {"length": 8, "result": UNKNOWN}


def test_what_cannot_be_done_says_so() -> None:
    with pytest.raises(ProviderError, match="does not make random:index/randomPet:RandomPet"):
        RandomDriver().check("random:index/randomPet:RandomPet", "x", {})
    with pytest.raises(ProviderError, match="cannot be imported"):
        RandomDriver().read(PASSWORD, "none", {}, {})
    assert {PASSWORD} == random.DRIVEN
