"""``/v1/events``: server-sent events (HTML standard, section 9.2), each viewer with its own short queue."""

import asyncio
from contextlib import suppress

from aiohttp import web

from edgeagent.api.live import END, Live
from edgeagent.core.bus import Subscription
from edgeagent.core.metrics import Family, Metrics

MAX_VIEWERS = 32
PATIENCE_S = 30.0
"""How long a viewer may take nothing before it is let go."""
RETRY_MS = 2000


class Events:
    """Streams to at most ``MAX_VIEWERS``; a slow one loses events, counted, and then gets the whole image."""

    def __init__(self, live: Live, metrics: Metrics, patience_s: float = PATIENCE_S) -> None:
        self._live = live
        self._patience_s = patience_s
        self._dropped = metrics.counter("edgeagent_page_events_dropped", "Events that a slow viewer of the page lost")
        self._viewers: Family = metrics.gauge("edgeagent_page_viewers", "Viewers of the page now")
        metrics.collector(lambda: self._viewers.set(live.viewers))

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Stream until the viewer or the daemon goes."""
        if self._live.viewers >= MAX_VIEWERS:
            raise web.HTTPServiceUnavailable(text=f"cannot show more: {MAX_VIEWERS} viewers watch already\n")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
        with self._live.watch("viewer") as events:
            await response.prepare(request)
            with suppress(ConnectionError):  # the viewer went
                await self._stream(request, response, events)
        return response

    async def _stream(self, request: web.Request, response: web.StreamResponse, events: Subscription[bytes]) -> None:
        await self._send(request, response, f"retry: {RETRY_MS}\n\n".encode() + self._live.full())
        while (event := await events.next()) != END:
            if events.dropped:
                self._dropped.add(events.dropped)
                events.dropped = 0
                waiting = events.drain()
                if END in waiting:
                    return
                event = self._live.full()
            await self._send(request, response, event)

    async def _send(self, request: web.Request, response: web.StreamResponse, event: bytes) -> None:
        try:
            async with asyncio.timeout(self._patience_s):
                await response.write(event)
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionError("the viewer takes nothing") from None
