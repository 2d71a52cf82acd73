"""The listener answers this machine's own pages and programs, and nobody else's."""

import asyncio
import gzip
import re
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from edgeagent.api.events import MAX_VIEWERS
from edgeagent.api.files import load_pages
from edgeagent.api.guard import is_loopback
from edgeagent.api.history import History
from edgeagent.api.listener import Listener, Views
from edgeagent.api.live import Live
from edgeagent.api.settings import ApiSettings
from edgeagent.api.site_view import site_view
from edgeagent.core.clock import ManualClock
from edgeagent.core.metrics import Metrics
from edgeagent.core.state import State
from edgeagent.model.device import DeviceInfo, Identity
from edgeagent.model.errors import ActRefused
from edgeagent.model.points import DeviceId, Point, PointId
from edgeagent.model.reading import Reading, ReadingBatch
from edgeagent.model.site import Load, Outlet, Rack, RackPdu, ServiceClass, Site
from edgeagent.model.units import Kind

PDU = DeviceId("pdu-a1")
INLET = Point(PDU, "probe.1.temperature", Kind.TEMPERATURE)
BIG = Point(PDU, "name", Kind.TEXT)
SITE = Site(
    feeds=("A", "B"),
    racks={"r1": Rack("r1", "cold", INLET.id)},
    pdus={PDU: RackPdu(PDU, "A", "r1")},
    loads={"srv": Load("srv", ServiceClass.P1, "r1", (Outlet(PDU, 1),))},
)


class Stage:
    def __init__(self, folder: Path, operators: tuple[str, ...] = ()) -> None:
        self.clock = ManualClock()
        self.state = State(self.clock)
        self.state.describe(PDU, DeviceInfo(Identity(), (INLET, BIG), ()))
        self.metrics = Metrics()
        self.live = Live(self.state, self.clock, lambda: {"headline": "Nothing needs you"}, lambda: SITE)
        self.history = History(self.state)
        self.socket = folder / "api.sock"
        self.done: list[tuple[str, dict[str, object], str]] = []
        views = Views(
            pages={"/v1/site": lambda: site_view(SITE)},
            health=lambda: {"alive": True},
            exposition=lambda: "# EOF\n",
            live=self.live,
            history=self.history,
            metrics=self.metrics,
            explain=self.explain,
            operations=self,
        )
        self.listener = Listener(ApiSettings(True, "127.0.0.1", 0, operators), self.socket, views)
        self.port = 0
        self.asked = 0
        self.session = aiohttp.ClientSession(auto_decompress=False)

    async def explain(self, name: str) -> Mapping[str, object] | None:
        return None if name == "nobody" else {"name": name, "text": ["it is so"], "history": []}

    def perform(self, name: str, body: Mapping[str, object], by: str) -> Mapping[str, object]:
        if name != "lock":
            raise ActRefused(f"cannot do {name}")
        self.done.append((name, dict(body), by))
        return {"locked": body["name"]}

    async def open(self) -> None:
        address = await self.listener.open()
        assert address is not None
        self.port = address[1]
        self.read("x")
        self.history.sample(self.clock.now_s())
        self.live.tick()

    def read(self, text: str) -> None:
        now_s = self.clock.now_s()
        self.state.publish(
            ReadingBatch(PDU, "g", now_s, [Reading(INLET.id, 24.8, now_s), Reading(BIG.id, text, now_s)])
        )

    def is_alone(self) -> bool:
        """Whether no viewer is left; one that went is noticed at the next event."""
        self.asked += 1
        self.read(f"asked {self.asked}")
        self.live.tick()
        return self.live.viewers == 0

    def ask(self, path: str, method: str = "GET", **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.session.request(method, f"http://127.0.0.1:{self.port}{path}", headers=named)

    async def status_of(self, path: str, method: str = "GET", **headers: str) -> int:
        async with self.ask(path, method, **headers) as answer:
            return int(answer.status)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    one = Stage(tmp_path)
    await one.open()
    yield one
    await one.session.close()
    await one.listener.close()


async def until(truth: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not truth():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("host", ["127.0.0.1:9273", "localhost", "LOCALHOST:80", "[::1]:9273", "127.8.9.1"])
def test_a_loopback_name_is_known(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example:9273", "192.168.1.4", "[::]", "0x7f.1"],
)
def test_any_other_name_is_not(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("path", ["/", "/v1/events", "/v1/site", "/healthz", "/metrics", "/page/page.js"])
async def test_a_rebound_name_is_refused_on_every_path(stage: Stage, path: str) -> None:
    assert await stage.status_of(path, Host="evil.example") == 421


async def test_the_unix_socket_asks_for_no_name(stage: Stage) -> None:
    reader, writer = await asyncio.open_unix_connection(stage.socket)
    writer.write(b"GET /v1/site HTTP/1.0\r\nHost: anything\r\n\r\n")
    assert b" 200 " in await reader.readline()
    writer.close()
    await writer.wait_closed()


async def test_another_sites_page_is_refused_but_a_link_to_the_page_works(stage: Stage) -> None:
    assert await stage.status_of("/v1/site", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="cors") == 403
    assert await stage.status_of("/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate") == 200
    assert await stage.status_of("/v1/site", Sec_Fetch_Site="same-origin", Sec_Fetch_Mode="cors") == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_nothing_can_be_written(stage: Stage, method: str) -> None:
    for path in ("/", "/v1/site", "/v1/events"):
        assert await stage.status_of(path, method) == 405


async def test_every_answer_bears_the_headers_that_keep_foreign_code_out(stage: Stage) -> None:
    for path in ("/", "/v1/site", "/nowhere"):
        async with stage.ask(path) as answer:
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'self';")
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Cache-Control"] in {"no-cache", "no-store"}
            assert "aiohttp" not in answer.headers["Server"]


async def test_a_file_comes_packed_once_and_is_not_sent_again_unchanged(stage: Stage) -> None:
    async with stage.ask("/page/page.js", Accept_Encoding="gzip") as answer:
        assert gzip.decompress(await answer.read()) == load_pages()["/page/page.js"].body
        tag = answer.headers["ETag"]
    async with stage.ask("/page/page.js", Accept_Encoding="identity") as answer:
        assert await answer.read() == load_pages()["/page/page.js"].body
    assert await stage.status_of("/page/page.js", If_None_Match=tag) == 304


def test_the_whole_page_takes_at_most_60_kb_packed_and_names_no_other_host() -> None:
    pages = load_pages()
    assert sum(len(page.packed) for page in pages.values()) <= 60_000
    for page in pages.values():
        found = set(re.findall(rb"(?:https?:)?//[a-z0-9.]+\.[a-z]+", page.body))
        assert found <= {b"http://www.w3.org"}, page.path  # the name of SVG, which nobody asks for
    html = pages["/"].body.decode()
    assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|\sstyle=", html)


async def test_the_site_tells_racks_and_the_power_points_of_each_feed(stage: Stage) -> None:
    async with stage.ask("/v1/site") as answer:
        site = await answer.json()
    assert site["feeds"] == [{"name": "A", "power": ["pdu-a1/inlet.power"]}, {"name": "B", "power": []}]
    rack = {"name": "r1", "aisle": "cold", "inlet": INLET.id, "power": ["pdu-a1/inlet.power"], "loads": ["srv"]}
    assert site["racks"] == [rack]


async def test_a_history_is_told_per_point_and_null_where_nothing_is_kept(stage: Stage) -> None:
    async with stage.ask(f"/v1/history?point={INLET.id}&point=no/such") as answer:
        body = await answer.json()
    assert (body["step_s"], body["points"]["no/such"], body["points"][INLET.id][-1]) == (10, None, 24.8)
    assert await stage.status_of("/v1/history") == 400
    assert await stage.status_of("/v1/history?" + "&".join(["point=a"] * 129)) == 400


async def test_a_viewer_gets_the_whole_image_then_changes_and_leaves_no_trace(stage: Stage) -> None:
    async with stage.ask("/v1/events") as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        lines = [await answer.content.readline() for _ in range(5)]
        assert lines[2] == b"event: full\n"
        stage.read("y")
        stage.live.tick()
        assert await answer.content.readline() == b"event: change\n"
        assert b'"pdu-a1/name":["y"' in await answer.content.readline()
    await until(stage.is_alone)


async def test_a_slow_viewer_loses_events_counted_and_is_given_the_whole_image_again(stage: Stage) -> None:
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(slow, ("127.0.0.1", stage.port))
    await loop.sock_sendall(slow, b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await until(lambda: stage.live.viewers == 1)
    async with stage.ask("/v1/events") as quick:
        await until(lambda: stage.live.viewers == 2)
        for number in range(80):  # 8 MB, more than the kernel takes for a viewer that reads nothing
            stage.read(f"{number}" + "x" * 100_000)
            stage.live.tick()
            await read_past(quick, b'"pdu-a1/name":["%dx' % number)
    await read_until(slow, b"event: full", times=2)
    assert stage.metrics.counter("edgeagent_page_events_dropped", "").get() > 0
    slow.close()


async def read_past(answer: aiohttp.ClientResponse, text: bytes) -> None:
    seen = b""
    async with asyncio.timeout(10):
        while text not in seen:
            seen = seen[-200:] + await answer.content.readany()


async def read_until(slow: socket.socket, text: bytes, times: int) -> None:
    seen, tail = 0, b""
    async with asyncio.timeout(10):
        while seen < times:
            data = tail + await asyncio.get_running_loop().sock_recv(slow, 1 << 20)
            assert data != tail, "the stream ended"
            seen += data.count(text)
            tail = data[-len(text) + 1 :]


async def test_viewers_are_bounded(stage: Stage) -> None:
    async with asyncio.TaskGroup() as group:
        watching = [group.create_task(stage.ask("/v1/events").__aenter__()) for _ in range(6)]
    streams = [task.result() for task in watching]
    more = [stage.live.watch(f"v{number}") for number in range(MAX_VIEWERS - 6)]
    for one in more:
        one.__enter__()
    assert await stage.status_of("/v1/events") == 503
    for one in more:
        one.__exit__(None, None, None)
    for stream in streams:
        stream.close()


async def test_closing_sends_the_viewers_away_at_once(stage: Stage) -> None:
    async with stage.ask("/v1/events") as answer:
        await until(lambda: stage.live.viewers == 1)
        began_s = asyncio.get_running_loop().time()
        await stage.listener.close()
        await answer.content.read()
        assert answer.content.at_eof()
        assert asyncio.get_running_loop().time() - began_s < 5


def test_a_point_without_a_history_is_unknown() -> None:
    with pytest.raises(KeyError):
        History(State(ManualClock())).values(PointId("no/such"))
