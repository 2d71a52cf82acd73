"""What of a reaction is ours, from what the tap saw."""

import socket
import subprocess
import sys

import pytest

from benchmarks.clients.tap import kind
from benchmarks.loop_share import GET, SET, Exchange, Reaction, answered_to_set_ms, quantile, reactions
from benchmarks.process import Lines

MS = 1_000_000


def seen(kind: str, asked_ms: float, answered_ms: float) -> Exchange:
    return Exchange(kind, int(asked_ms * MS), int(answered_ms * MS))


def test_a_reaction_ends_with_the_first_set_and_the_agents_part_is_what_they_took_before_it() -> None:
    wire = [seen(GET, 3, 5), seen(GET, 6, 7), seen(SET, 10, 12), seen(GET, 13, 14), seen(SET, 15, 16)]
    assert reactions([1 * MS], wire) == [Reaction(whole_ms=9.0, agents_ms=3.0)]


def test_two_agents_asked_at_once_count_once() -> None:
    wire = [seen(GET, 2, 5), seen(GET, 3, 6), seen(GET, 3, 4), seen(SET, 8, 9)]
    assert reactions([0], wire) == [Reaction(whole_ms=8.0, agents_ms=4.0)]


def test_each_reading_has_the_exchanges_until_the_next_one() -> None:
    wire = [seen(GET, 2, 3), seen(SET, 4, 5), seen(SET, 6, 7), seen(GET, 21, 23), seen(SET, 24, 25)]
    assert reactions([0, 20 * MS], wire) == [Reaction(4.0, 1.0), Reaction(4.0, 2.0)]


@pytest.mark.parametrize("wire", [[], [seen(GET, 2, 3)], [seen(SET, 30, 31)]])
def test_a_reading_without_a_set_is_an_error_and_not_a_fast_one(wire: list[Exchange]) -> None:
    with pytest.raises(ValueError, match="no SET"):
        reactions([0, 20 * MS], wire)


def test_the_scripts_time_is_from_the_answer_to_the_set_behind_it() -> None:
    wire = [seen(GET, 0, 1), seen(SET, 9, 10), seen(GET, 20, 22), seen(SET, 25, 26)]
    assert answered_to_set_ms(wire) == [8.0, 3.0]


def test_a_quantile_is_among_the_values() -> None:
    assert quantile([float(number) for number in range(101)], 0.99) == pytest.approx(99.0)
    assert quantile([1.0, 3.0], 0.5) == 2.0


def message(pdu: int, community: bytes) -> bytes:
    body = b"\x02\x01\x01" + bytes([0x04, len(community)]) + community + bytes([pdu, 0x02, 0x05, 0x00])
    return (b"\x30" + bytes([len(body)]) if len(body) < 0x80 else b"\x30\x81" + bytes([len(body)])) + body


@pytest.mark.parametrize("community", [b"public", b"p" * 120])
def test_a_set_is_told_from_other_requests(community: bytes) -> None:
    assert kind(message(0xA3, community)) == SET
    assert {kind(message(pdu, community)) for pdu in (0xA0, 0xA1, 0xA5)} == {GET}


def test_the_tap_passes_on_and_notes_both_times() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as agent, socket.socket(type=socket.SOCK_DGRAM) as client:
        agent.bind(("127.0.0.1", 0))
        for one in (agent, client):
            one.settimeout(10)
        command = [sys.executable, "-m", "benchmarks.clients.tap", str(agent.getsockname()[1])]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as tap:
            assert tap.stdin is not None
            assert tap.stdout is not None
            lines = Lines(tap.stdout, "the tap")
            port = int(lines.next(10).partition("[")[2].partition("]")[0])
            client.sendto(message(0xA3, b"private"), ("127.0.0.1", port))
            data, behind = agent.recvfrom(1000)
            agent.sendto(b"done", behind)
            assert (data, client.recv(1000)) == (message(0xA3, b"private"), b"done")
            tap.stdin.write(b"\n")
            assert lines.next(10).startswith('{"exchanges": [["set", ')
            tap.stdin.close()
            assert tap.wait(10) == 0
