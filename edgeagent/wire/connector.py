"""Sessions: one connection after the other, with growing, jittered waits between; said once when it begins to fail."""

import asyncio
from collections.abc import Coroutine

import structlog

from edgeagent.core.backoff import Backoff
from edgeagent.core.clock import Clock
from edgeagent.core.health import Health, Level
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import Beat
from edgeagent.model.errors import LinkError
from edgeagent.wire import mqtt
from edgeagent.wire.broker import Broker
from edgeagent.wire.mqtt import Link, Session

STABLE_S = 10.0
"""A connection that lived so long was a success: the next failure waits the first wait again."""
BEAT_S = 2.0

log = structlog.get_logger(__name__)


class Connector:
    """Keeps trying to connect, and tells health, log and metrics about it under the name of its ``part``."""

    def __init__(
        self, part: str, broker: Broker, backoff: Backoff, *, clock: Clock, health: Health, metrics: Metrics
    ) -> None:
        self._part = part
        self._broker = broker
        self._backoff = backoff
        self._clock = clock
        self._health = health
        self._connects = metrics.counter(f"edgeagent_{part}_connects", "Attempts to connect to the broker, by result")
        self._failing_since_s: float | None = None
        self._up_s = 0.0

    async def connect(self, session: Session, beat: Beat) -> Link | None:
        """A connection, or None after a failure and its wait; waiting counts as alive."""
        beat()
        try:
            link = await mqtt.connect(self._broker, session)
        except LinkError as error:
            self._connects.add(result="failed")
            await self._wait(error, beat)
            return None
        self._connects.add(result="connected")
        self._up_s = self._clock.now_s()
        if self._failing_since_s is not None:
            lasted_s = self._up_s - self._failing_since_s
            log.info("broker reached again", broker=str(self._broker), after_s=round(lasted_s, 1))
            self._failing_since_s = None
        self._health.set(self._part, Level.OK, f"connected to {self._broker}")
        return link

    async def lost(self, error: LinkError, beat: Beat) -> None:
        """A connection ended: wait before the next."""
        if self._clock.now_s() - self._up_s >= STABLE_S:
            self._backoff.reset()
        await self._wait(error, beat)

    async def _wait(self, error: LinkError, beat: Beat) -> None:
        wait_s = self._backoff.next_s()
        first = self._failing_since_s is None
        if first:
            self._failing_since_s = self._clock.now_s()
        (log.warning if first else log.debug)("broker away", error=str(error), retry_in_s=round(wait_s, 1))
        self._health.set(self._part, Level.DEGRADED, str(error))
        while wait_s > 0:
            beat()
            await self._clock.sleep(min(wait_s, BEAT_S))
            wait_s -= BEAT_S


async def together(*parts: Coroutine[object, object, None]) -> LinkError:
    """Run the parts of one connection until one meets a LinkError, which is returned; the others are cancelled.

    Not a TaskGroup: that of Python 3.11 leaves its owner marked as cancelled when a part fails, and forgets that it
    was cancelled when a part fails in the same moment.
    """
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    failures = [error for task in tasks if not task.cancelled() and (error := task.exception()) is not None]
    for failure in failures:
        if not isinstance(failure, LinkError):
            raise failure
    assert isinstance(failures[0], LinkError)
    return failures[0]
