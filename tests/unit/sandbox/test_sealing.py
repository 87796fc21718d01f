import pytest

from sandbox import sealing

# Written by the engine itself (`pulumi config set --secret`, v3.259.0): what it makes has to open here.
SALT = "v1:0wpdy+TxlbA=:v1:pNpd/VCj54MoRFHt:CxLFknEuijrWCqbgN10atplZYBkHBg=="
SEALED = "v1:2Lydm6WQXQJ1QQvS:oG534ykJ+kBvtomaJT+NW7iRLQup"


def test_a_value_that_the_engine_sealed_opens() -> None:
    assert sealing.reuse("abc", SALT).open(SEALED) == "hello"


def test_another_passphrase_is_found_out() -> None:
    with pytest.raises(ValueError, match="another passphrase"):
        sealing.reuse("abd", SALT)


def test_what_is_closed_opens_again_and_never_looks_the_same() -> None:
    seal = sealing.new("abc")
    first, second = seal.close("s3cret"), seal.close("s3cret")
    assert first != second
    assert sealing.reuse("abc", seal.salt).open(first) == "s3cret"


def test_a_seal_does_not_print_its_key() -> None:
    seal = sealing.new("abc")
    assert repr(seal) == "Seal(…)"
