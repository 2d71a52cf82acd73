"""Journal and Outbox against a model of a few lines, over random operations, crashes and clean restarts."""

import asyncio
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edgeagent.core.clock import ManualClock
from edgeagent.model.errors import StoreError
from edgeagent.model.journal import Ack, Stream
from edgeagent.store.settings import StoreSettings
from edgeagent.store.store import Store

from .conftest import current

SETTINGS = StoreSettings(reserve_bytes=4096)
streams = st.sampled_from(list(Stream))
Place = tuple[Stream, int, int]


class JournalMachine(RuleBasedStateMachine):
    """``pending`` is what the NOC does not hold; ``ends`` is the last sequence of every epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp(prefix="journal-"))
        self.clock = ManualClock()
        self.pending: dict[Place, bytes] = {}
        self.ends: dict[tuple[Stream, int], int] = {}
        self.queued: list[tuple[Stream, bytes]] = []
        self.acknowledged = dict.fromkeys(Stream, 0)
        self.number = 0
        self.start(fresh=True)

    def start(self, *, fresh: bool) -> None:
        self.store = Store(self.folder, SETTINGS, self.clock)
        self.store.open()
        for stream in Stream:
            epoch = current(self.store, stream)
            if fresh:
                assert all(epoch > known for name, known in self.ends if name is stream)
                self.ends[stream, epoch] = 1
                batch = self.run(self.store.batch(stream, epoch, 1, 1, 65536))
                self.pending[stream, epoch, 1] = batch.records[0]
            else:
                assert (stream, epoch) in self.ends

    def run(self, work: object) -> object:
        return self.loop.run_until_complete(work)

    def committed(self, stream: Stream, content: bytes) -> int:
        epoch = current(self.store, stream)
        self.ends[stream, epoch] += 1
        self.pending[stream, epoch, self.ends[stream, epoch]] = content
        return self.ends[stream, epoch]

    @rule(stream=streams, size=st.integers(0, 300))
    def append(self, stream: Stream, size: int) -> None:
        self.number += 1
        content = b"x%d" % self.number + b"." * size
        self.store.append(stream, content)
        self.queued.append((stream, content))

    @rule()
    def flush(self) -> None:
        self.run(self.store.flush())
        for stream, content in self.queued:
            self.committed(stream, content)
        self.queued.clear()

    @rule(stream=streams)
    def append_durable(self, stream: Stream) -> None:
        self.flush()
        self.number += 1
        content = b"x%d durable" % self.number
        position = self.run(self.store.append_durable(stream, content))
        assert position.sequence == self.committed(stream, content)
        assert position.epoch == current(self.store, stream)

    @precondition(lambda self: self.ends)
    @rule(data=st.data(), extra=st.integers(-3, 2))
    def settle(self, data: st.DataObject, extra: int) -> None:
        stream, epoch = data.draw(st.sampled_from(sorted(self.ends)))
        last = self.ends[stream, epoch]
        watermark = max(0, data.draw(st.integers(0, last)) + extra)
        first = data.draw(st.integers(1, last))
        until = data.draw(st.integers(first, last))
        ack = Ack("pod", stream, epoch, watermark, ((first, until),))
        ended = epoch != current(self.store, stream)
        if watermark > last:
            if not ended:
                self.refused(ack)
            return
        held = {
            place
            for place in self.pending
            if place[:2] == (stream, epoch) and (place[2] <= watermark or first <= place[2] <= until)
        }
        assert self.run(self.store.settle(ack)) == len(held)
        assert self.run(self.store.settle(ack)) == 0
        self.acknowledged[stream] += len(held)
        for place in held:
            del self.pending[place]

    def refused(self, ack: Ack) -> None:
        try:
            self.run(self.store.settle(ack))
        except StoreError:
            return
        raise AssertionError(ack)

    @rule()
    def stop_cleanly(self) -> None:
        self.flush()
        self.run(self.store.close())
        self.start(fresh=False)

    @rule()
    def crash(self) -> None:
        self.queued.clear()
        self.store._files.abandon(damaged=None)
        self.store._files._lock.release()
        self.start(fresh=True)

    @rule(data=st.data(), max_records=st.integers(1, 10), max_bytes=st.integers(1, 1000))
    def batch(self, data: st.DataObject, max_records: int, max_bytes: int) -> None:
        stream, epoch = data.draw(st.sampled_from(sorted(self.ends)))
        start = data.draw(st.integers(1, self.ends[stream, epoch] + 1))
        batch = self.run(self.store.batch(stream, epoch, start, max_records, max_bytes))
        expected = self.expected(stream, epoch, start, max_records, max_bytes)
        assert (None if batch is None else (batch.first_sequence, list(batch.records))) == expected

    def expected(
        self, stream: Stream, epoch: int, start: int, max_records: int, max_bytes: int
    ) -> tuple[int, list[bytes]] | None:
        places = sorted(place for place in self.pending if place[:2] == (stream, epoch) and place[2] >= start)
        contents: list[bytes] = []
        for number, place in enumerate(places[:max_records]):
            size = sum(len(content) + 4 for content in contents) + len(self.pending[place]) + 4
            if place[2] != places[0][2] + number or (contents and size > max_bytes):
                break
            contents.append(self.pending[place])
        return (places[0][2], contents) if contents else None

    @invariant()
    def extents_agree(self) -> None:
        for extent in self.store.extents():
            mine = [place for place in self.pending if place[:2] == (extent.stream, extent.epoch)]
            assert extent.pending == len(mine)
            assert extent.pending_bytes == sum(len(self.pending[place]) for place in mine)
            assert extent.last_committed == self.ends[extent.stream, extent.epoch]
            assert extent.first_pending == min((place[2] for place in mine), default=extent.last_committed + 1)
        with_pending = {place[:2] for place in self.pending}
        assert with_pending <= {(extent.stream, extent.epoch) for extent in self.store.extents()}

    @invariant()
    def counts_agree(self) -> None:
        for stream, counts in self.store.counts().items():
            assert counts.acknowledged == self.acknowledged[stream]
            assert counts.appended == sum(end for (name, _), end in self.ends.items() if name is stream)
            assert counts.dropped == {}

    def teardown(self) -> None:
        self.run(self.store.close())
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
        shutil.rmtree(self.folder)


JournalMachine.TestCase.settings = settings(
    max_examples=15, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
test_the_store_agrees_with_a_model: Callable[[], None] = JournalMachine.TestCase
