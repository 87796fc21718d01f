"""Passwords, ids and the like are as long and as made as was wanted."""

import base64
import string
import uuid
from typing import Any

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.providers import random
from sandbox.providers.base import UNKNOWN, ProviderError
from sandbox.providers.random import SPECIAL, RandomDriver

PASSWORD = "random:index/randomPassword:RandomPassword"
STRING = "random:index/randomString:RandomString"


def made(token: str, inputs: dict[str, Any]) -> dict[str, Any]:
    return RandomDriver().create(token, "x", inputs)[1]


MINIMA = st.integers(0, 5)


@given(length=st.integers(20, 40), lower=MINIMA, upper=MINIMA, numeric=MINIMA, special=MINIMA, only=st.booleans())
def test_a_text_has_what_is_demanded(
    length: int, lower: int, upper: int, numeric: int, special: int, only: bool
) -> None:
    inputs = {"length": length, "minLower": lower, "minUpper": upper, "minNumeric": numeric, "minSpecial": special}
    if only:
        inputs |= {"lower": False, "minLower": 0, "overrideSpecial": "_"}
    result = made(STRING, inputs)["result"]
    assert len(result) == length
    counts = {kind: sum(char in kind for char in result) for kind in (string.ascii_uppercase, string.digits)}
    assert counts[string.ascii_uppercase] >= upper
    assert counts[string.digits] >= numeric
    assert sum(char in ("_" if only else SPECIAL) for char in result) >= special
    assert sum(char in string.ascii_lowercase for char in result) >= (0 if only else lower)
    assert not only or not any(char in string.ascii_lowercase for char in result)


def test_two_passwords_differ_and_their_hash_fits() -> None:
    one, other = (made(PASSWORD, {"length": 40, "special": False}) for _ in range(2))
    assert one["result"] != other["result"]
    assert one["result"].isalnum()
    assert bcrypt.checkpw(one["result"].encode(), one["bcryptHash"].encode())
    assert made(PASSWORD, {"length": 200})["bcryptHash"].startswith("$2b$10$")


def test_ids_say_the_same_in_every_spelling() -> None:
    resource_id, outputs = RandomDriver().create(
        "random:index/randomId:RandomId", "x", {"byteLength": 4, "prefix": "p-"}
    )
    content = bytes.fromhex(outputs["hex"].removeprefix("p-"))
    assert len(content) == 4
    assert outputs["dec"] == f"p-{int.from_bytes(content)}"
    assert base64.b64decode(outputs["b64Std"].removeprefix("p-")) == content
    assert outputs["b64Url"] == f"p-{resource_id}"


def test_integers_uuids_and_bytes() -> None:
    driver = RandomDriver()
    results = {made("random:index/randomInteger:RandomInteger", {"min": -1, "max": 1})["result"] for _ in range(99)}
    assert results == {-1, 0, 1}
    resource_id, outputs = driver.create("random:index/randomUuid:RandomUuid", "x", {})
    assert uuid.UUID(resource_id) == uuid.UUID(outputs["result"])
    found = made("random:index/randomBytes:RandomBytes", {"length": 7})
    assert base64.b64decode(found["base64"]) == bytes.fromhex(found["hex"])
    assert len(found["hex"]) == 14


@pytest.mark.parametrize(
    ("token", "inputs", "path"),
    [
        (PASSWORD, {"length": 0}, "length"),
        (PASSWORD, {"length": 3, "minUpper": 2, "minLower": 2}, "length"),
        (PASSWORD, {"length": 3, "minUpper": -1}, "minUpper"),
        (PASSWORD, {"length": 3, "upper": False, "lower": False, "numeric": False, "special": False}, "length"),
        (STRING, {"length": 3, "upper": False, "lower": False, "number": False, "special": False}, "length"),
        ("random:index/randomId:RandomId", {"byteLength": 0}, "byteLength"),
        ("random:index/randomInteger:RandomInteger", {"min": 2, "max": 1}, "min"),
        ("random:index/randomInteger:RandomInteger", {"min": 1, "max": 2, "seed": "s"}, "seed"),
    ],
)
def test_what_cannot_be_made_is_refused(token: str, inputs: dict[str, Any], path: str) -> None:
    assert [at for at, _ in RandomDriver().check(token, "x", inputs)] == [path]


def test_good_and_unknown_lengths_are_not_complained_about() -> None:
    for length in (40, UNKNOWN):
        assert RandomDriver().check(PASSWORD, "x", {"length": length, "minUpper": 3}) == []


def test_every_change_makes_another_value() -> None:
    old, new = {"length": 8, "keepers": {"a": "1"}}, {"length": 8, "keepers": {"a": "2"}}
    driver = RandomDriver()
    assert driver.replaces(PASSWORD, old, new) == {"length", "keepers"}
    assert not driver.delete_first(PASSWORD, old, new)
    with pytest.raises(ProviderError, match="in place"):
        driver.update(PASSWORD, "none", old, new)


def test_a_value_is_kept_and_secret() -> None:
    driver = RandomDriver()
    _, outputs = driver.create(PASSWORD, "x", {"length": 8})
    assert driver.read(PASSWORD, "none", {"length": 8}, outputs) == ({"length": 8}, outputs)
    assert driver.secrets(PASSWORD) == {"result", "bcryptHash"}
    assert driver.secrets(STRING) == frozenset()
    assert driver.preview_outputs(PASSWORD, {"length": 8}) == {"length": 8, "result": UNKNOWN, "bcryptHash": UNKNOWN}


def test_what_cannot_be_done_says_so() -> None:
    with pytest.raises(ProviderError, match="does not make random:index/randomPet:RandomPet"):
        RandomDriver().check("random:index/randomPet:RandomPet", "x", {})
    with pytest.raises(ProviderError, match="cannot be imported"):
        RandomDriver().read(PASSWORD, "none", {}, {})
    assert "random:index/randomPet:RandomPet" not in random.DRIVEN
