"""The page's one sentence tells whether anything needs a person, and changes only when that does."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from edgeagent.core.clock import ManualClock
from edgeagent.core.health import Health, Level
from edgeagent.core.metrics import Metrics
from edgeagent.core.state import State
from edgeagent.daemon.headline import Headline
from edgeagent.daemon.settings import DaemonSettings
from edgeagent.daemon.status import Status
from edgeagent.daemon.supervisor import Supervisor
from edgeagent.daemon.systemd import LoopLag
from edgeagent.model.device import DeviceInfo, DeviceState, DeviceStatus, Identity
from edgeagent.model.journal import Ack, Batch, Extent, Stream, StreamCounts
from edgeagent.model.points import DeviceId, Point
from edgeagent.model.reading import Reading, ReadingBatch, Reason
from edgeagent.model.units import Kind

PDU, HOST = DeviceId("pdu-a1"), DeviceId("host")
POINTS = (Point(PDU, "inlet.power", Kind.POWER), Point(PDU, "probe.1.temperature", Kind.TEMPERATURE))


class Empty:
    """An Outbox that holds nothing."""

    def extents(self) -> Sequence[Extent]:
        return ()

    async def batch(
        self, stream: Stream, epoch: int, from_sequence: int, max_records: int, max_bytes: int
    ) -> Batch | None:
        return None

    async def settle(self, ack: Ack) -> int:
        return 0

    async def wait_committed(self) -> None:
        return

    def counts(self) -> Mapping[Stream, StreamCounts]:
        return {}


class Link:
    state = "connected"
    since_s = 1000.0
    broker = "mqtt://127.0.0.1"
    last_ack_s: float | None = None


class Stage:
    def __init__(self) -> None:
        self.clock, self.link = ManualClock(), Link()
        self.state, self.health, metrics = State(self.clock), Health(self.clock), Metrics()
        self.acting, self.alarms = "", list[dict[str, object]]()
        headline = Headline(
            self.state, self.health, self.link, acting=lambda: self.acting, alarms=lambda: {"alarms": self.alarms}
        )
        self._status = Status(
            settings=DaemonSettings("demo", "pod-1", Path(), Path(), "info"),
            clock=self.clock,
            state=self.state,
            health=self.health,
            supervisor=Supervisor(self.clock, self.health, metrics),
            outbox=Empty(),
            link=self.link,
            lag=LoopLag(metrics),
            headline=headline,
        )
        self.state.describe(PDU, DeviceInfo(Identity(), POINTS, ()))
        self.state.publish(ReadingBatch(PDU, "all", 1000.0, [Reading(point.id, 20.0, 1000.0) for point in POINTS]))
        self.device(PDU, DeviceState.ONLINE)
        self.device(HOST, DeviceState.ONLINE)

    def device(self, name: DeviceId, state: DeviceState) -> None:
        self.state.report(DeviceStatus(name, state, 1000.0))

    def alarm(self, key: str, **changes: object) -> None:
        row = {"key": key, "text": f"{key} is so", "state": "standing", "acknowledged": None, "shelved": None}
        self.alarms.append({**row, "folded": False, **changes})

    def device_row(self, name: DeviceId) -> Mapping[str, object]:
        rows = self._status.status()["devices"]
        assert isinstance(rows, list)
        return next(row for row in rows if row["device"] == name)

    @property
    def sentence(self) -> str:
        return self._status.sentence()

    @property
    def headline(self) -> object:
        return self._status.status()["headline"]


def test_a_pod_that_is_well_needs_nobody() -> None:
    assert Stage().headline == "Nothing needs you: all 2 devices answer, and the NOC is online."


def test_a_lost_noc_alone_needs_nobody() -> None:
    stage = Stage()
    stage.link.state = "disconnected"
    assert stage.headline == (
        "Nothing needs you: all 2 devices answer, and records are kept here until the NOC is back."
    )


def test_a_silent_device_is_named_once_and_not_with_each_of_its_points() -> None:
    stage = Stage()
    stage.device(PDU, DeviceState.OFFLINE)
    stage.state.fail(PDU, "all", [point.id for point in POINTS], Reason.DISCONNECTED)
    assert stage.headline == "Needs a look: pdu-a1 does not answer as expected. Meanwhile the NOC is online."


def test_a_sensor_fault_of_a_device_that_answers_is_told() -> None:
    stage = Stage()
    stage.state.fail(PDU, "all", [POINTS[1].id], Reason.SENTINEL)
    assert stage.headline == "Needs a look: pdu-a1 has points without a good reading. Meanwhile the NOC is online."


def test_what_a_device_never_gave_needs_nobody_and_is_counted_apart() -> None:
    stage = Stage()
    more = Point(PDU, "inlet.frequency", Kind.FREQUENCY)
    stage.state.describe(PDU, DeviceInfo(Identity(), (*POINTS, more), ()))
    stage.state.fail(PDU, "all", [more.id], Reason.SENTINEL)
    assert str(stage.headline).startswith("Nothing needs you")
    assert (stage.device_row(PDU)["faults"], stage.device_row(PDU)["not_given"]) == (0, 1)
    stage.state.fail(PDU, "all", [more.id], Reason.DISCONNECTED)
    assert stage.device_row(PDU)["faults"] == 1


def test_a_protective_sensor_that_was_never_there_is_missed() -> None:
    stage = Stage()
    leak = Point(PDU, "leak.1.state", Kind.STATE, protective=True)
    stage.state.describe(PDU, DeviceInfo(Identity(), (*POINTS, leak), ()))
    stage.state.fail(PDU, "all", [leak.id], Reason.ABSENT)
    assert str(stage.headline).startswith("Needs a look: pdu-a1 has points")


def test_a_long_alarm_does_not_fill_the_sentence() -> None:
    stage = Stage()
    stage.alarm("act/load", text="cannot set it: " + "because of this " * 40)
    assert len(str(stage.headline)) < 200
    assert " … Meanwhile" in str(stage.headline)


def test_a_failed_part_comes_first() -> None:
    stage = Stage()
    stage.health.set("store", Level.FAILED, "the disk is full")
    stage.device(PDU, DeviceState.OFFLINE)
    assert str(stage.headline).startswith("Needs a look: the disk is full; pdu-a1 does not answer")


def test_a_pod_that_has_just_started_says_so() -> None:
    stage = Stage()
    stage.device(HOST, DeviceState.CONNECTING)
    assert stage.headline == "Getting to know the pod: 1 of 2 devices are being connected."


def test_a_pod_that_acts_says_what_it_does_and_whether_anything_else_needs_a_person() -> None:
    stage = Stage()
    stage.acting = "2 loads in r1 are off since 14:02:11"
    stage.alarm("interlock/hot-p3@r1")
    assert stage.headline == "Looking after itself: 2 loads in r1 are off since 14:02:11. Nothing else needs you."
    assert stage.sentence.startswith("2 loads in r1 are off since 14:02:11; all 2 devices answer")
    stage.alarm("refused/r1-p3")
    assert str(stage.headline).endswith("14:02:11. Needs a look: refused/r1-p3 is so.")


def test_an_alarm_that_nothing_else_tells_needs_a_person_until_somebody_has_seen_to_it() -> None:
    stage = Stage()
    stage.alarm("switch/pdu-a1")
    assert stage.headline == "Needs a look: switch/pdu-a1 is so. Meanwhile the NOC is online."
    stage.alarm("return/r1-p3")
    assert stage.headline == "Needs a look: 2 alarms, first: switch/pdu-a1 is so. Meanwhile the NOC is online."
    seen_to = [
        {"acknowledged": {"by": "N. Berg", "for_s": 1.0}},
        {"shelved": {"by": "N. Berg", "why": "", "left_s": 1.0}},
        {"folded": True},
        {"state": "cleared"},
    ]
    stage.alarms.clear()
    for number, change in enumerate(seen_to):
        stage.alarm(f"switch/{number}", **change)
    assert str(stage.headline).startswith("Nothing needs you")
