"""Answers that no authoritative name server gives, by a server that gives them."""

import socket
import struct
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from components.dns_update.switching import DnsError, Endpoint, Key, standing, swap
from components.dns_update.transport import lookup

NAME = "shop.example.org"
HOST = "127.0.0.1"

Reply = Callable[[dns.message.Message], bytes]


@contextmanager
def answering(reply: Reply) -> Generator[Endpoint]:
    """A server that answers every question in this way, as often as it is asked."""
    with socket.create_server((HOST, 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection, connection.makefile("rb") as stream:
                    (length,) = struct.unpack("!H", stream.read(2))
                    question = dns.message.from_wire(stream.read(length), ignore_trailing=True, continue_on_error=True)
                    wire = reply(question)
                    connection.sendall(struct.pack("!H", len(wire)) + wire if wire else b"")

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield Endpoint(HOST, server.getsockname()[1])
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def answer(question: dns.message.Message, *addresses: str, flags: int = dns.flags.AA, code: int = 0) -> bytes:
    made = dns.message.make_response(question)
    made.flags |= flags
    made.set_rcode(dns.rcode.Rcode(code))
    if addresses:
        made.answer.append(dns.rrset.from_text(f"{NAME}.", 30, "IN", "A", *addresses))
    return made.to_wire()


def test_an_authoritative_answer_is_taken() -> None:
    with answering(lambda question: answer(question, "10.0.0.2", "10.0.0.1")) as server:
        found = lookup(server, NAME, "A")
        assert found is not None
        assert (found.ttl, found.values) == (30, ("10.0.0.1", "10.0.0.2"))


def test_what_a_resolver_heard_from_others_is_no_answer() -> None:
    with answering(lambda question: answer(question, "10.0.0.1", flags=0)) as server:
        with pytest.raises(
            DnsError, match=rf"does not answer for {NAME} \(not authoritative\); is the zone configured"
        ):
            lookup(server, NAME, "A")
        with pytest.raises(DnsError, match="not authoritative"):
            standing([server], NAME)


@pytest.mark.parametrize("code", ["SERVFAIL", "REFUSED"])
def test_a_server_that_lost_the_zone_is_named(code: str) -> None:
    with (
        answering(lambda question: answer(question, code=dns.rcode.from_text(code))) as server,
        pytest.raises(DnsError, match=rf"{server.port} does not answer for {NAME} \({code}\)"),
    ):
        lookup(server, NAME, "A")


def test_an_answer_that_breaks_off_is_asked_for_again() -> None:
    asked: list[int] = []

    def reply(question: dns.message.Message) -> bytes:
        asked.append(question.id)
        return answer(question, "10.0.0.1") if len(asked) > 1 else b""

    with answering(reply) as server:
        found = lookup(server, NAME, "A")
        assert found is not None
        assert found.values == ("10.0.0.1",)
    assert len(asked) == 2


def test_an_update_whose_answer_is_not_signed_is_not_believed() -> None:
    class Servers:
        servers = (Endpoint(HOST, 0),)

    key = Key("k", "hmac-sha256", "c2VjcmV0")
    with answering(lambda question: answer(question)) as server:
        Servers.servers = (server,)
        with pytest.raises(DnsError, match="gave no answer that can be trusted") as caught:
            swap(Servers(), "example.org", NAME, "10.0.0.1", "10.0.0.2", 30, key)
    assert key.secret not in str(caught.value)
