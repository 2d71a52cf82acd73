"""Acting: over the Unix socket only, in the name that the kernel tells, and with a reason where it is refused."""

import asyncio
import os
import pwd
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from edgeagent.api import acts
from edgeagent.api.acts import MAX_BODY_BYTES
from edgeagent.cli import client
from edgeagent.model.errors import ActRefused
from tests.unit.api.test_listener import Stage


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    one = Stage(tmp_path)
    await one.open()
    yield one
    await one.session.close()
    await one.listener.close()


def me() -> str:
    entry = pwd.getpwuid(os.getuid())
    return entry.pw_gecos.partition(",")[0].strip() or entry.pw_name


async def test_an_act_is_done_in_the_name_of_the_process_that_asks(stage: Stage) -> None:
    answer = await asyncio.to_thread(client.do, stage.socket, "lock", {"name": "srv", "by": "somebody else"})
    assert answer == {"locked": "srv"}
    assert stage.done == [("lock", {"name": "srv", "by": "somebody else"}, me())]


async def test_what_is_refused_is_told_with_the_reason(stage: Stage) -> None:
    with pytest.raises(ActRefused, match="cannot do explode"):
        await asyncio.to_thread(client.do, stage.socket, "explode", {})


async def test_nothing_is_done_over_tcp(stage: Stage) -> None:
    url = f"http://127.0.0.1:{stage.port}/v1/do/lock"
    async with stage.session.post(url, json={"name": "srv"}) as answer:
        assert answer.status == 403
        assert "cannot act over TCP" in await answer.text()
    assert stage.done == []


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff", b"[" * 5000, b"{" + b" " * MAX_BODY_BYTES + b"}"])
async def test_what_is_no_order_is_refused(stage: Stage, body: bytes) -> None:
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(stage.socket))) as session,
        session.post("http://localhost/v1/do/lock", data=body) as answer,
    ):
        assert answer.status == 400
        assert (await answer.text()).startswith("cannot act")
    assert stage.done == []


async def test_an_explanation_is_given_and_an_unknown_name_is_told(stage: Stage) -> None:
    assert (await asyncio.to_thread(client.get, stage.socket, "/v1/explain"))["text"] == ["it is so"]
    found = await asyncio.to_thread(client.get, stage.socket, "/v1/explain/interlock%2Fhot-p3%40r1")
    assert found["name"] == "interlock/hot-p3@r1"
    with pytest.raises(client.NotFoundError, match="cannot explain nobody"):
        await asyncio.to_thread(client.get, stage.socket, "/v1/explain/nobody")


async def test_who_is_neither_root_nor_an_operator_may_only_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel's word for the peer is the one part that a test cannot have otherwise."""
    monkeypatch.setattr(acts, "_user_id", lambda _request: 65534)
    for number, (operators, done) in enumerate([((), 0), (("nobody",), 1)]):
        (tmp_path / str(number)).mkdir()
        stage = Stage(tmp_path / str(number), operators)
        await stage.open()
        asking = asyncio.to_thread(client.do, stage.socket, "lock", {"name": "srv"})
        if done:
            assert await asking == {"locked": "srv"}
        else:
            with pytest.raises(ActRefused, match=r"cannot act as nobody: add it to operators in \[api\]"):
                await asking
        assert len(stage.done) == done
        await stage.session.close()
        await stage.listener.close()
