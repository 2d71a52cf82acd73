"""The last delivery: while the daemon stops, the uplink stays until the NOC holds the journal, for a bounded time."""

import asyncio

from edgeagent.core.ports import Beat, Journal, Outbox
from edgeagent.daemon.headline import LinkView

DRAIN_S = 3.0
LOOK_EVERY_S = 0.05
BEAT_S = 10.0


class Drain:
    """A Service that only waits, and at its cancellation lets the journal run empty before the uplink is cancelled.

    It is added after the uplink and before the recorder, and the supervisor cancels in reverse order.
    """

    name = "drain"
    beat_every_s = 60.0
    critical = False

    def __init__(self, journal: Journal, outbox: Outbox, link: LinkView) -> None:
        self._journal = journal
        self._outbox = outbox
        self._link = link

    async def run(self, beat: Beat) -> None:
        """Wait; when cancelled, commit what is left and see it delivered if the link is up."""
        try:
            while True:
                beat()
                await asyncio.sleep(BEAT_S)
        finally:
            await self._deliver()

    async def _deliver(self) -> None:
        await self._journal.flush()
        end_s = asyncio.get_running_loop().time() + DRAIN_S
        # Acknowledgements have no event of their own, and this runs once.
        while self._pending() and self._link.state != "disconnected" and asyncio.get_running_loop().time() < end_s:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_EVERY_S)

    def _pending(self) -> int:
        return sum(extent.pending for extent in self._outbox.extents())
