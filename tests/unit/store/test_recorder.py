import asyncio
import subprocess
import sys
from pathlib import Path

from edgeagent.core.clock import ManualClock
from edgeagent.core.state import State
from edgeagent.model.device import DeviceInfo, Group, Identity
from edgeagent.model.event import Event
from edgeagent.model.journal import MAX_RECORD_BYTES, Stream
from edgeagent.model.points import DeviceId, Point
from edgeagent.model.reading import Reading, ReadingBatch, Reason, bad
from edgeagent.model.units import Kind
from edgeagent.store.peek import peek
from edgeagent.store.recorder import Recorder
from edgeagent.store.store import Store
from edgeagent.wire.record import ClockAnchor, Described, EpochOpened, Happened, Record, Sample, decode

from .conftest import Opener, everything
from .test_service import running

PDU = DeviceId("pdu-a1")


def info(points: int = 2) -> DeviceInfo:
    made = tuple(Point(PDU, f"outlet.{n}.power", Kind.POWER, label=f"Outlet {n}") for n in range(points))
    return DeviceInfo(Identity("Raritan", "PX3", "SN1", "4.0"), made, (Group("fast", 10, 2),))


def poll(state: State, value: float, points: int = 2) -> None:
    readings = [Reading(point.id, value, 1.0) for point in info(points).points]
    state.publish(ReadingBatch(PDU, "fast", 1.0, readings))


async def written(store: Store) -> list[Record]:
    await store.flush()
    made = [decode(content) for _, content in sorted((await everything(store)).items())]
    return [record for record in made if not isinstance(record, EpochOpened)]


async def test_an_anchor_comes_first_then_the_devices_then_their_samples(opened: Opener, clock: ManualClock) -> None:
    state = State(clock)
    state.describe(PDU, info())
    async with opened() as store, running(Recorder(state, store, clock)):
        await clock.advance(0.1)
        poll(state, 5.5)
        state.publish(ReadingBatch(PDU, "fast", 2.0, [bad(info().points[0].id, Reason.DISCONNECTED, 2.0)]))
        await clock.advance(0.2)
        anchor, described, sample, failed = await written(store)
        assert isinstance(anchor, ClockAnchor)
        assert (anchor.why, anchor.trusted, anchor.boot_id) == ("start", True, clock.boot_id)
        assert isinstance(described, Described)
        assert (described.device, described.serial) == ("pdu-a1", "SN1")
        assert [point.name for point in described.points] == ["outlet.0.power", "outlet.1.power"]
        assert isinstance(sample, Sample)
        assert [(entry.name, entry.value) for entry in sample.readings] == [
            ("outlet.0.power", 5.5),
            ("outlet.1.power", 5.5),
        ]
        assert isinstance(failed, Sample)
        assert (failed.readings[0].value, failed.readings[0].reason) == (None, "disconnected")


async def test_a_device_described_later_stands_before_its_samples(opened: Opener, clock: ManualClock) -> None:
    state = State(clock)
    async with opened() as store, running(Recorder(state, store, clock)):
        await clock.advance(0.1)
        state.describe(PDU, info())
        poll(state, 1.0)
        await clock.advance(0.2)
        assert [type(record) for record in await written(store)] == [ClockAnchor, Described, Sample]


async def test_a_stepped_wall_clock_is_anchored_before_the_next_sample(opened: Opener, clock: ManualClock) -> None:
    state = State(clock)
    state.describe(PDU, info())
    async with opened() as store, running(Recorder(state, store, clock)):
        await clock.advance(0.1)
        clock.step_wall(3600)
        poll(state, 1.0)
        await clock.advance(0.2)
        *_, anchor, sample = await written(store)
        assert isinstance(anchor, ClockAnchor)
        assert (anchor.why, anchor.wall_s) == ("step", clock.wall_s() - (clock.now_s() - anchor.boottime_s))
        assert isinstance(sample, Sample)


async def test_an_anchor_comes_every_quarter_of_an_hour_and_not_for_small_corrections(
    opened: Opener, clock: ManualClock
) -> None:
    state = State(clock)
    async with opened() as store, running(Recorder(state, store, clock)):
        await clock.advance(0.1)
        clock.step_wall(0.5)
        await clock.advance(899)
        assert [record.why for record in await written(store)] == ["start"]
        await clock.advance(2)
        assert [record.why for record in await written(store)] == ["start", "periodic"]


async def test_a_poll_too_long_for_one_record_becomes_several_that_hold_all(opened: Opener, clock: ManualClock) -> None:
    state = State(clock)
    state.describe(PDU, info(3000))
    async with opened() as store, running(Recorder(state, store, clock)):
        await clock.advance(0.1)
        poll(state, 123.456, 3000)
        await clock.advance(0.2)
        assert all(len(content) <= MAX_RECORD_BYTES for content in (await everything(store)).values())
        made = await written(store)
        samples = [record for record in made if isinstance(record, Sample)]
        names = [entry.name for sample in samples for entry in sample.readings]
        assert names == [point.name for point in info(3000).points]
        described = [record for record in made if isinstance(record, Described)]
        assert len(described) > 1
        assert sum(len(one.points) for one in described) == 3000
        assert {one.serial for one in described} == {"SN1"}


async def test_polls_lost_on_the_way_are_counted(opened: Opener, clock: ManualClock) -> None:
    state = State(clock)
    state.describe(PDU, info())
    async with opened() as store, running(Recorder(state, store, clock)):
        await clock.advance(0.1)
        for number in range(5010):
            poll(state, 1.0)
            if number % 500 == 0:
                await asyncio.sleep(0)  # not the recorder's turn: its clock stands still
        await clock.advance(0.2)
        async with asyncio.timeout(5):
            while not store.counts()[Stream.TELEMETRY].dropped:
                await clock.advance(0)
        await store.flush()
        assert store.counts()[Stream.TELEMETRY].dropped == {"recorder_late": 10}


async def test_people_may_look_while_the_daemon_runs_and_after(
    opened: Opener, clock: ManualClock, tmp_path: Path
) -> None:
    state = State(clock)
    state.describe(PDU, info())
    async with opened() as store, running(Recorder(state, store, clock)):
        await clock.advance(0.1)
        poll(state, 1.0)
        poll(state, 2.0)
        await clock.advance(0.2)
        await store.flush()
        during, head = peek(tmp_path), store.head()
    after = peek(tmp_path)
    for seen in (during, after):
        assert seen.samples["pdu-a1", "fast"].readings[0].value == 2.0
        assert seen.described["pdu-a1"].serial == "SN1"
        assert seen.anchor is not None
        assert seen.anchor.wall_s < clock.wall_s()
        assert {stream: counts.pending for stream, counts in seen.counts.items()} == {
            "audit": 1, "alarm": 1, "telemetry": 5
        }  # fmt: skip
        assert seen.audit_head == head
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "closed.json", "reserve", "safety.db", "store.lock", "telemetry.db"
    ]  # fmt: skip


def test_looking_imports_nothing_heavy() -> None:
    code = "import sys, edgeagent.store.peek; print(*sorted({'asyncio', 'structlog', 'aiohttp'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


async def test_what_was_published_before_the_stop_is_recorded(opened: Opener, clock: ManualClock) -> None:
    state = State(clock)
    state.describe(PDU, info())
    async with opened() as store:
        async with running(Recorder(state, store, clock)):
            await clock.advance(0.1)
            for value in range(300):
                poll(state, float(value))
        samples = [record for record in await written(store) if isinstance(record, Sample)]
        assert [sample.readings[0].value for sample in samples] == [float(value) for value in range(300)]


async def test_what_is_published_until_the_recorder_runs_again_is_recorded(opened: Opener, clock: ManualClock) -> None:
    """It may be cancelled for a missed beat, and is started again seconds later."""
    state = State(clock)
    state.describe(PDU, info())
    async with opened() as store:
        recorder = Recorder(state, store, clock)
        async with running(recorder):
            await clock.advance(0.1)
        poll(state, 7.5)
        async with running(recorder):
            await clock.advance(0.1)
            samples = [record for record in await written(store) if isinstance(record, Sample)]
        assert [entry.value for sample in samples for entry in sample.readings] == [7.5, 7.5]


async def test_an_event_is_a_record_of_telemetry_after_the_anchor(opened: Opener, clock: ManualClock) -> None:
    state = State(clock)
    async with opened() as store, running(Recorder(state, store, clock)):
        await clock.advance(0.1)
        state.events.publish(Event("trap", "ups.on_battery", "ups-1", "x" * 5000, "major", 3.5))
        await clock.advance(0.3)
        anchor, told = await written(store)
        assert isinstance(anchor, ClockAnchor)
        assert told == Happened(clock.boot_id[:8], 3.5, "trap", "ups.on_battery", "ups-1", "x" * 1024, "major")
