"""What the NOC makes of messages: each record once, every gap known, and nothing hostile stops it."""

import time
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgeagent.core.database import Database
from edgeagent.model.journal import Ack, Batch, Stream
from edgeagent.noc import query
from edgeagent.noc.alarms import standing
from edgeagent.noc.fleet import Changes, Fleet
from edgeagent.noc.intake import MOST_ASIDE, Arrival, Intake
from edgeagent.noc.schema import PROFILE
from edgeagent.wire import chain, frame, presence, record
from edgeagent.wire.presence import Being, Presence, Why
from edgeagent.wire.record import (
    AlarmChanged,
    Audited,
    ClockAnchor,
    Described,
    Entry,
    EpochOpened,
    Gap,
    Lost,
    PointSpec,
    Sample,
)
from edgeagent.wire.topics import Address, Leaf

POD = Address("site-1", "pod-1")
NOW_S = 1.8e9
BOOT = "b" * 32


class Noc:
    """A NOC's database and memory, without a broker."""

    def __init__(self, folder, most_pods: int = 100) -> None:
        self.path = folder / "noc.db"
        self.most_pods = most_pods
        self._open()

    def _open(self) -> None:
        self.database = Database(self.path, PROFILE)
        self.fleet = Fleet(self.most_pods)
        self.database.query(self.fleet.load)

    def close(self) -> None:
        self.database.close_now()

    def restart(self) -> None:
        self.close()
        self._open()

    def take(self, *arrivals: Arrival) -> Changes:
        changes = self.database.transact(lambda connection: Intake(connection, self.fleet).take(arrivals))
        self.fleet.adopt(changes)
        return changes

    def journal(self, stream: Stream, first: int, *contents: bytes, epoch: int = 1, pod: Address = POD) -> Changes:
        payload = frame.encode(Batch(stream, epoch, first, contents))
        return self.take(Arrival(pod.topic(Leaf.JOURNAL), payload, False, NOW_S))

    def ack(self, stream: Stream, epoch: int = 1) -> Ack:
        return self.fleet.ack((self.fleet.pods[POD], stream, epoch))

    def rows(self, table: str) -> list[tuple]:
        return self.database.query(lambda connection: connection.execute(f"SELECT * FROM {table}").fetchall())

    def pod(self) -> query.PodRow:
        (row,) = query.pods(self.path, NOW_S)
        return row


@pytest.fixture
def noc(tmp_path):
    with closing(Noc(tmp_path)) as one:
        yield one


def sample(boot: str = BOOT, time_s: float = 100.0, **values) -> bytes:
    return record.encode(Sample(boot[:8], time_s, "pdu", "fast", tuple(Entry(*one) for one in values.items())))


def many(count: int, start: int = 0) -> tuple[bytes, ...]:
    return tuple(sample(time_s=float(number), p=number) for number in range(start, start + count))


def test_a_second_copy_changes_nothing(noc):
    noc.journal(Stream.TELEMETRY, 1, *many(10))
    again = noc.journal(Stream.TELEMETRY, 6, *many(10, start=5))
    assert (again.records, again.duplicates, again.conflicts) == (5, 5, 0)
    assert [row[3] for row in noc.rows("record")] == list(range(1, 16))
    assert noc.ack(Stream.TELEMETRY).watermark == 15


def test_a_second_copy_with_other_content_is_kept_aside_and_seen(noc):
    noc.journal(Stream.TELEMETRY, 1, *many(3))
    changes = noc.journal(Stream.TELEMETRY, 2, sample(p="other"))
    assert changes.conflicts == 1
    assert noc.pod().conflicts == 1
    assert noc.rows("record")[1][4] == many(3)[1]
    assert noc.rows("conflict")[0][4] == sample(p="other")


def test_what_comes_out_of_order_is_acknowledged_as_ranges(noc):
    noc.journal(Stream.TELEMETRY, 1, *many(2))
    noc.journal(Stream.TELEMETRY, 10, *many(2))
    noc.journal(Stream.TELEMETRY, 20, *many(1))
    ack = noc.ack(Stream.TELEMETRY)
    assert (ack.pod, ack.watermark, ack.ranges) == ("site-1/pod-1", 2, ((10, 11), (20, 20)))
    assert noc.pod().missing == 7 + 8
    assert query.missing(noc.path, "site-1", "pod-1") == [("telemetry", 1, 3, 9), ("telemetry", 1, 12, 19)]
    noc.restart()
    assert noc.ack(Stream.TELEMETRY) == ack


def test_more_ranges_than_fit_keep_the_lowest_and_the_highest(noc):
    for place in range(2, 402, 2):
        noc.journal(Stream.ALARM, place, b"x")
    ranges = noc.ack(Stream.ALARM).ranges
    assert len(ranges) == 64
    assert ranges[0] == (2, 2)
    assert ranges[-1] == (400, 400)


def test_the_watermark_passes_over_an_announced_gap_and_not_over_a_hole(noc):
    noc.journal(Stream.TELEMETRY, 1, *many(5))
    noc.journal(Stream.TELEMETRY, 9, record.encode(Gap(1, 6, 7, "budget")))
    assert noc.ack(Stream.TELEMETRY).watermark == 7
    row = noc.pod()
    assert (row.gaps, row.missing) == (2, 1)
    noc.journal(Stream.TELEMETRY, 8, *many(1))
    assert noc.ack(Stream.TELEMETRY).watermark == 9
    assert noc.pod().missing == 0


def test_a_gap_announced_above_what_is_held_is_never_acknowledged(noc):
    """The pod refuses an acknowledgement above what it sent."""
    noc.journal(Stream.TELEMETRY, 1, record.encode(Gap(1, 2, 50, "budget")))
    noc.journal(Stream.TELEMETRY, 60, b"x")
    assert noc.ack(Stream.TELEMETRY).highest == 60
    noc.journal(Stream.ALARM, 1, record.encode(Gap(1, 2, 50, "budget")))
    assert noc.ack(Stream.ALARM).highest == 1


def test_a_gap_in_an_earlier_epoch_moves_that_epochs_watermark(noc):
    noc.journal(Stream.TELEMETRY, 1, *many(3))
    noc.journal(Stream.TELEMETRY, 6, *many(1))
    changes = noc.journal(Stream.TELEMETRY, 1, record.encode(Gap(1, 4, 5, "damage")), epoch=2)
    assert {epoch for _, _, epoch in changes.touched} == {1, 2}
    assert noc.ack(Stream.TELEMETRY, 1).watermark == 6


def test_an_epoch_that_ended_above_what_came_is_missing_its_end(noc):
    noc.journal(Stream.TELEMETRY, 1, *many(3))
    noc.journal(Stream.TELEMETRY, 1, record.encode(EpochOpened("unclean start", ((1, 8),))), epoch=2)
    assert noc.pod().missing == 5
    noc.restart()
    assert query.missing(noc.path, "site-1", "pod-1") == [("telemetry", 1, 4, 8)]


def test_what_never_got_a_sequence_is_counted(noc):
    noc.journal(Stream.TELEMETRY, 1, record.encode(Lost("queue full", 5)), record.encode(Lost("queue full", 9)))
    assert noc.pod().lost == {"queue full": 9}


def test_the_latest_value_is_the_newest_record_whatever_comes_last(noc):
    noc.journal(Stream.TELEMETRY, 5, sample(time_s=50.0, p=2, q=True, r="open"))
    noc.journal(Stream.TELEMETRY, 1, sample(time_s=10.0, p=1), sample(time_s=20.0, s=1.5))
    noc.journal(Stream.TELEMETRY, 1, sample(time_s=1.0, p=3), epoch=2)
    values = {row.point: row.value for row in query.points(noc.path)}
    assert values == {"pdu/p": 3, "pdu/q": True, "pdu/r": "open", "pdu/s": 1.5}


def test_a_bad_reading_shows_no_value_and_its_reason(noc):
    entry = Entry("p", None, "BAD", "stale")
    noc.journal(Stream.TELEMETRY, 1, record.encode(Sample(BOOT[:8], 1.0, "pdu", "g", (entry,))))
    (row,) = query.points(noc.path)
    assert (row.value, row.quality, row.reason, row.wall_s) == (None, "BAD", "stale", None)


def test_records_of_1970_find_their_time_by_a_later_anchor(noc):
    noc.journal(
        Stream.TELEMETRY,
        1,
        record.encode(ClockAnchor(BOOT, 5.0, 5.0, False, "start")),
        sample(time_s=100.0, p=1),
    )
    assert query.points(noc.path)[0].wall_s is None
    noc.journal(Stream.TELEMETRY, 3, record.encode(ClockAnchor(BOOT, 160.0, NOW_S, True, "step")))
    (row,) = query.points(noc.path)
    assert row.wall_s == NOW_S - 60
    assert row.age_s(NOW_S + 1) == 61
    assert noc.pod().lag_s == 60


def test_units_come_from_the_devices_description(noc):
    points = (PointSpec("p", "Power", "W", "number"),)
    noc.journal(
        Stream.TELEMETRY, 1, record.encode(Described(BOOT[:8], 1.0, "pdu", "v", "m", "s", "f", points)), sample(p=4)
    )
    (row,) = query.points(noc.path, site="site-1", pod="pod-1")
    assert (row.unit, row.kind, row.value) == ("W", "Power", 4)
    assert noc.pod().devices == 1
    assert query.points(noc.path, pod="other") == []


def word(state: Being, connected_s: float, why: str = "") -> Arrival:
    said = Presence(state=state, boot_id=BOOT, version="1", connected_s=connected_s, wall_s=NOW_S, why=why)
    return Arrival(POD.topic(Leaf.PRESENCE), presence.encode(said), False, NOW_S)


def test_presence_is_the_last_connections_word(noc):
    noc.take(word(Being.ONLINE, 20.0), word(Being.OFFLINE, 10.0, Why.LINK_LOST))
    assert noc.pod().state == "online"
    noc.take(word(Being.OFFLINE, 20.0, Why.SHUTDOWN))
    assert (noc.pod().state, noc.pod().why, noc.pod().version) == ("offline", "shutdown", "1")


def audit(*details: str, head: bytes = chain.GENESIS) -> tuple[list[bytes], bytes]:
    contents = []
    for detail in details:
        contents.append(record.encode(Audited(head.hex(), BOOT[:8], 1.0, "agent", "start", detail)))
        head = chain.link(head, contents[-1])
    return contents, head


def test_the_audit_head_is_told_where_the_chain_was_followed(noc):
    contents, head = audit("a", "b", "c")
    noc.journal(Stream.AUDIT, 1, *contents[:2])
    noc.journal(Stream.AUDIT, 3, contents[2])
    assert noc.ack(Stream.AUDIT).audit_head == head.hex()
    assert noc.pod().chain_breaks == 0
    noc.restart()
    assert noc.ack(Stream.AUDIT).audit_head == head.hex()


def test_a_changed_audit_record_breaks_the_chain_visibly(noc):
    contents, _ = audit("a", "b", "c")
    forged, _ = audit("x")
    noc.journal(Stream.AUDIT, 1, forged[0], *contents[1:])
    assert noc.pod().chain_breaks == 1


def test_the_chain_goes_on_in_the_next_epoch(noc):
    contents, head = audit("a", "b")
    opened = record.encode(EpochOpened("unclean start", ((1, 2),)))
    after, end = audit("c", head=chain.link(head, opened))
    noc.journal(Stream.AUDIT, 1, opened, *after, epoch=2)  # live comes before the backlog
    assert noc.ack(Stream.AUDIT, 2).audit_head == ""
    noc.journal(Stream.AUDIT, 1, *contents)
    assert noc.ack(Stream.AUDIT, 2).audit_head == end.hex()
    assert noc.pod().chain_breaks == 0


HOSTILE = [
    Arrival("edgepod/v1/UP/pod/journal", b"x", False, NOW_S),
    Arrival("edgepod/v1/site/pod/journal/ack", b"x", False, NOW_S),
    Arrival("", b"x", False, NOW_S),
    Arrival(POD.topic(Leaf.JOURNAL), b"", False, NOW_S),
    Arrival(POD.topic(Leaf.JOURNAL), b"EPJ" + bytes(100), False, NOW_S),
    Arrival(POD.topic(Leaf.JOURNAL), bytes(1_000_000), False, NOW_S),
    Arrival(POD.topic(Leaf.PRESENCE), b"{", False, NOW_S),
]


def test_what_makes_no_sense_is_counted_and_set_aside_and_stops_nothing(noc):
    changes = noc.take(*HOSTILE)
    assert changes.refused == {"topic": 3, "frame": 3, "presence": 1}
    assert query.refusals(noc.path) == changes.refused
    assert len(noc.rows("aside")) == len(HOSTILE)
    noc.journal(Stream.TELEMETRY, 1, b"goes on")
    assert noc.ack(Stream.TELEMETRY).watermark == 1


def test_what_is_set_aside_is_bounded(noc):
    for _ in range(3):
        noc.take(*HOSTILE[3:6] * 40)
    assert len(noc.rows("aside")) == MOST_ASIDE
    assert query.refusals(noc.path)["frame"] == 360


def test_a_record_of_an_unknown_kind_is_kept_acknowledged_and_counted(noc):
    changes = noc.journal(Stream.TELEMETRY, 1, b"\x93from the future", record.encode(Lost("x", 1)))
    assert changes.refused == {"record of unknown kind": 1}
    assert noc.ack(Stream.TELEMETRY).watermark == 2


def test_more_pods_than_agreed_are_refused(tmp_path):
    with closing(Noc(tmp_path, most_pods=2)) as noc:
        for number in range(4):
            noc.journal(Stream.TELEMETRY, 1, *many(1), pod=Address("s", f"pod-{number}"))
        assert len(query.pods(noc.path, NOW_S)) == 2
        assert query.refusals(noc.path) == {"too many pods": 2}


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(list(Leaf)), st.binary(max_size=200)), min_size=1, max_size=5))
def test_no_payload_stops_the_intake(noc, payloads):
    noc.take(*(Arrival(POD.topic(leaf), payload, False, NOW_S) for leaf, payload in payloads))


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_record_stops_the_intake(noc, data):
    """Well-formed records with the strangest numbers and texts."""
    natural, text = st.integers(0, 2**63 - 1), st.text(max_size=30)
    number = st.floats(allow_nan=False, allow_infinity=False)
    value = st.none() | st.integers(-(2**63), 2**64 - 1) | number | st.booleans() | text
    one = data.draw(
        st.builds(Gap, natural, natural, natural, text)
        | st.builds(Lost, text, natural)
        | st.builds(EpochOpened, text, st.lists(st.tuples(natural, natural), max_size=3).map(tuple))
        | st.builds(ClockAnchor, text, number, number, st.booleans(), text)
        | st.builds(Audited, text, text, number, text, text, text)
        | st.builds(AlarmChanged, text, number, *[text] * 6, st.booleans(), text, text, st.none() | number, natural)
        | st.builds(Sample, text, number, text, text, st.tuples(st.builds(Entry, text, value, text, text)))
    )
    stream, first = data.draw(st.sampled_from(Stream)), data.draw(st.integers(1, 2**62))
    noc.journal(stream, first, record.encode(one), epoch=data.draw(natural))
    query.pods(noc.path, NOW_S)
    query.points(noc.path)
    standing(noc.path)


def test_a_query_without_a_database_says_what_to_do(tmp_path):
    with pytest.raises(query.StoreError, match="noc serve"):
        query.pods(tmp_path / "none.db", time.time())


def test_another_programs_database_is_not_read(tmp_path):
    (tmp_path / "x.db").write_bytes(b"not sqlite at all, but long enough to look at" * 10)
    with pytest.raises(query.StoreError, match="cannot read"):
        query.pods(tmp_path / "x.db", NOW_S)


def test_a_pod_that_claims_absurd_losses_does_not_stop_the_questions(noc):
    most = 2**63 - 1
    for stream in (Stream.TELEMETRY, Stream.AUDIT):
        noc.journal(stream, 1, record.encode(Lost("disk_full", most)))
    assert noc.pod().lost == {"disk_full": 2 * most}
