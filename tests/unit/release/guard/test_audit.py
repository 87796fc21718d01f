"""Audit rows: kept first, sent in their order, never lost, never twice."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from release.audit import Audit, Result, Row
from tests.unit.release.guard.given import KEY, Server


def row(what: str = "release deploy api", result: Result = "succeeded", **more: Any) -> Row:
    return Row(who="ops@luxima.id", what=what, stack="dev", result=result, when="2026-01-31T12:00:00Z", **more)


def test_a_row_is_sent_with_both_headers_and_leaves_the_folder(tmp_path: Path) -> None:
    with Server() as server:
        delivery = Audit(tmp_path / "spool", server.url + "/rest/v1/rpc/", f"{KEY}\n").record(row(details={"a": 1}))
    assert (delivery.sent, delivery.waiting, delivery.sentence) == (1, 0, None)
    ((path, body, headers),) = server.calls
    assert path == "/rest/v1/rpc/record_deploy"
    assert body.keys() == {"id", "who", "what", "stack", "slot", "image", "result", "when", "details"}
    assert (headers["apikey"], headers["authorization"]) == (KEY, f"Bearer {KEY}")
    assert list((tmp_path / "spool").iterdir()) == []


def test_rows_are_for_this_user_alone(tmp_path: Path) -> None:
    with Server([(503, None)]) as server:
        Audit(tmp_path / "spool", server.url, KEY).record(row())
    (kept,) = (tmp_path / "spool").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "spool").stat().st_mode) == 0o700


def test_what_was_not_taken_is_sent_with_the_next_call_the_oldest_first(tmp_path: Path) -> None:
    with Server([(503, None), (503, None), (200, True)]) as server:
        audit = Audit(tmp_path, server.url, KEY)
        first = audit.record(row("first"))
        assert (first.waiting, first.sentence) == (1, f"1 audit rows are not written yet: {server.url} answers 503")
        assert audit.record(row("second")).waiting == 2
        assert len(server.calls) == 2  # the second row waits behind the first
        assert audit.record(row("third")).sent == 3
    assert [body["what"] for _, body, _ in server.calls] == ["first", "first", "first", "second", "third"]


def test_a_database_that_is_not_there_costs_nothing_but_a_sentence(tmp_path: Path) -> None:
    with Server() as server:
        url = server.url
    delivery = Audit(tmp_path, url, KEY).record(row())
    assert delivery.waiting == 1
    assert delivery.problem == f"{url} cannot be reached"


@pytest.mark.parametrize("status", [400, 409, 413, 422])
def test_a_row_that_the_database_refuses_is_kept_apart_and_said_and_holds_up_nobody(
    tmp_path: Path, status: int
) -> None:
    with Server([(status, {"message": "null value"}), (200, True)]) as server:
        audit = Audit(tmp_path, server.url, KEY)
        delivery = audit.record(row("bad"))
        assert delivery.sentence is not None
        assert "the database refused audit rows; they are kept" in delivery.sentence
        assert audit.record(row("good")).sent == 1
        assert audit.flush().sentence is None
    (kept,) = tmp_path.glob("*.refused")
    assert str(kept) in delivery.refused
    assert json.loads(kept.read_text())["what"] == "bad"


@pytest.mark.parametrize("status", [302, 401, 403, 404, 408, 429, 500, 503])
def test_an_answer_that_does_not_blame_the_row_keeps_it(tmp_path: Path, status: int) -> None:
    with Server([(status, {})]) as server:
        delivery = Audit(tmp_path, server.url, KEY).record(row())
    assert (delivery.sent, delivery.waiting, delivery.refused) == (0, 1, ())
    assert len(server.calls) == 1


def test_a_file_that_is_no_row_is_kept_apart(tmp_path: Path) -> None:
    (tmp_path / f"{0:020d}-x.row").write_text("half a ro")
    with Server() as server:
        delivery = Audit(tmp_path, server.url, KEY).record(row())
    assert (delivery.sent, len(delivery.refused)) == (1, 1)


def test_a_held_row_is_sent_by_nobody_until_it_is_recorded(tmp_path: Path) -> None:
    held = row(details={"reason": "x"})
    with Server() as server:
        audit = Audit(tmp_path, server.url, KEY)
        audit.hold(held)
        audit.hold(held)
        assert audit.flush().sent == 0
        assert Audit(tmp_path, server.url, KEY).held(held.id) == held
        audit.drop(held.id)
        audit.drop(held.id)
        assert audit.held(held.id) is None
    assert server.calls == []
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_is_no_header_is_not_shown(tmp_path: Path) -> None:
    with Server() as server:
        delivery = Audit(tmp_path, server.url, "planted\nkey").record(row())
    assert delivery.waiting == 1
    assert delivery.problem is not None
    assert "planted" not in delivery.problem


@settings(max_examples=20, deadline=None)
@given(answers=st.lists(st.sampled_from([200, 204, 401, 500, 503]), max_size=12))
def test_whatever_the_database_answers_every_row_arrives_in_its_order(
    tmp_path_factory: pytest.TempPathFactory, answers: list[int]
) -> None:
    with Server([*((each, None) for each in answers), (200, True)]) as server:
        audit = Audit(tmp_path_factory.mktemp("spool"), server.url, KEY)
        for number in range(4):
            audit.record(row(str(number)))
        while audit.flush().waiting:
            pass
        arrived = [body["what"] for _, body, _ in server.calls]
    assert list(dict.fromkeys(arrived)) == ["0", "1", "2", "3"]
