"""Turns, shared sessions and leases."""

import asyncio

import pytest

from edgeagent.protocols.session import Lease, Sessions, Turn


class Conversation:
    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self.closed = 0

    async def close(self) -> None:
        self.closed += 1


async def test_a_waiting_writer_goes_before_every_waiting_reader():
    turn, order = Turn(), []

    async def talk(name, hold):
        async with hold():
            order.append(name)
            await asyncio.sleep(0)

    async with turn.read():
        tasks = [asyncio.create_task(talk(f"read {n}", turn.read)) for n in range(3)]
        await asyncio.sleep(0)
        tasks.append(asyncio.create_task(talk("write", turn.write)))
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert order == ["write", "read 0", "read 1", "read 2"]


async def test_only_one_talks_at_a_time():
    turn, talking, most = Turn(), 0, 0

    async def talk():
        nonlocal talking, most
        async with turn.read():
            talking += 1
            most = max(most, talking)
            await asyncio.sleep(0)
            talking -= 1

    await asyncio.gather(*(talk() for _ in range(20)))
    assert most == 1


@pytest.mark.parametrize("called_first", [False, True])
async def test_a_cancelled_waiter_does_not_keep_the_turn(called_first):
    turn = Turn()
    holder = turn.read()
    await holder.__aenter__()

    async def wait():
        async with turn.read():
            pytest.fail("it was cancelled")

    waiter = asyncio.create_task(wait())
    await asyncio.sleep(0)
    if called_first:
        await holder.__aexit__(None, None, None)  # the turn is given to the waiter, which is cancelled before it runs
        waiter.cancel()
    else:
        waiter.cancel()
        await holder.__aexit__(None, None, None)
    with pytest.raises(asyncio.CancelledError):
        await waiter
    async with asyncio.timeout(1), turn.write():
        pass


async def test_users_of_one_address_and_access_share_a_session_and_the_last_one_closes_it():
    sessions = Sessions()
    first = sessions.open("agent", "public", Conversation)
    assert sessions.open("agent", "public", Conversation) is first
    await sessions.close("agent", "public")
    assert first.closed == 0
    await sessions.close("agent", "public")
    assert (first.closed, len(sessions)) == (1, 0)
    await sessions.close("agent", "public")
    assert first.closed == 1


async def test_two_accesses_of_one_address_share_the_turn():
    sessions = Sessions()
    reader, writer = (sessions.open("agent", access, Conversation) for access in ("public", "private"))
    other = sessions.open("other", "public", Conversation)
    assert reader is not writer
    assert reader.turn is writer.turn
    assert other.turn is not reader.turn


async def test_a_lease_is_taken_once_and_given_back_once():
    sessions = Sessions()
    mine, theirs = (Lease(sessions, "agent", "public", Conversation) for _ in range(2))
    await mine.close()
    session = mine.open()
    assert mine.open() is session
    assert theirs.open() is session
    await mine.close()
    await mine.close()
    assert session.closed == 0
    await theirs.close()
    assert session.closed == 1
