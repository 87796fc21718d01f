import base64
from typing import Any

from google.protobuf import json_format, struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from automation.marks import SECRET, SIGNATURE
from automation.marks import UNKNOWN as UNKNOWN_TEXT
from sandbox.providers.values import UNKNOWN, Secrets, decode, encode

_leaves = st.one_of(
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: not number.is_integer()),
    st.text(),
    st.just(UNKNOWN),
)
_values = st.recursive(
    _leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=12,
)
_properties = st.dictionaries(st.text(min_size=1), _values, max_size=5)


def _struct(**properties: Any) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(properties)
    return struct


def _secret(value: Any) -> dict[str, Any]:
    return {SIGNATURE: SECRET, "value": value}


def _wire(plain: dict[str, Any], secrets: Secrets) -> dict[str, Any]:
    return json_format.MessageToDict(encode(plain, secrets))


@given(_properties)
def test_plain_values_come_back_as_they_were(plain: dict[str, Any]) -> None:
    assert decode(encode(plain, Secrets())) == (plain, Secrets())


@given(_properties, st.data())
def test_what_was_secret_in_is_secret_out_and_the_value_is_the_same(plain: dict[str, Any], data: st.DataObject) -> None:
    hidden = data.draw(st.sets(st.sampled_from(sorted(plain)))) if plain else set[str]()
    sent = encode(plain, Secrets(frozenset((key,) for key in hidden)))
    taken, secrets = decode(sent)
    assert taken == plain
    assert secrets.paths == {(key,) for key in hidden}
    assert decode(encode(taken, secrets))[1].paths >= secrets.paths


def test_unknown_values_stay_unknown_even_inside_secrets() -> None:
    plain, secrets = decode(_struct(a=UNKNOWN_TEXT, b=_secret(UNKNOWN_TEXT), c=[{"d": UNKNOWN_TEXT}]))
    assert plain == {"a": UNKNOWN, "b": UNKNOWN, "c": [{"d": UNKNOWN}]}
    assert _wire(plain, secrets) == {"a": UNKNOWN_TEXT, "b": _secret(UNKNOWN_TEXT), "c": [{"d": UNKNOWN_TEXT}]}


def test_a_secret_is_recognised_wherever_it_turns_up_again() -> None:
    _, secrets = decode(_struct(stringData=_secret({"password": "correct horse"})))
    encoded = base64.b64encode(b"correct horse").decode()
    wire = _wire({"data": {"password": encoded}, "url": "s3://me:correct horse@host", "other": "battery"}, secrets)
    assert wire["data"] == {"password": _secret(encoded)}
    assert wire["url"] == _secret("s3://me:correct horse@host")
    assert wire["other"] == "battery"


def test_a_secret_never_stays_in_a_message() -> None:
    _, secrets = decode(_struct(key=_secret("s3cr3t-value"), short=_secret("ab")))
    assert secrets.redact("cannot use s3cr3t-value here") == "cannot use [secret] here"
    assert secrets.redact("able") == "able", "a secret of two letters would blank out half of every sentence"
    assert secrets.redact("ab") == "[secret]"


def test_numbers_without_a_fraction_are_whole_ones() -> None:
    plain, _ = decode(_struct(replicas=3.0, share=0.5))
    assert plain == {"replicas": 3, "share": 0.5}
    assert isinstance(plain["replicas"], int)


def test_a_null_is_no_property() -> None:
    assert decode(_struct(a=None, b={"c": None, "d": 1}))[0] == {"b": {"d": 1}}
