"""What is sent next: pure decisions, with the time given."""

import itertools

import pytest

from edgeagent.model.journal import Ack, Batch, Extent, Stream
from edgeagent.uplink.rate import DayCount, TokenBucket
from edgeagent.uplink.replay import LONGEST_PATIENCE, Replay, Want

ALARM, AUDIT, TELEMETRY = Stream.ALARM, Stream.AUDIT, Stream.TELEMETRY


def extent(stream: Stream, first: int, last: int, epoch: int = 1) -> Extent:
    pending = last - first + 1
    return Extent(stream, epoch, first, last, pending, pending * 100)


class Sender:
    """Does what Replay says, with frames of ``size`` bytes."""

    def __init__(self, *extents: Extent, live_after: dict | None = None, wait_s: float = 0.0, **settings) -> None:
        self.replay = Replay(**{"window": 4, "backlog_bytes_per_s": 1e9, "ack_timeout_s": 10.0, **settings})
        self.extents = list(extents)
        self.now_s = 0.0
        marks = {(one.stream, one.epoch): one.last_committed for one in extents} if live_after is None else live_after
        self.replay.rejoin(0.0, extents, marks, wait_s)

    def send(self, size: int = 1000, *, taken: bool = True, most: int = 200) -> Want | None:
        want = self.replay.next(self.now_s, self.extents)
        if want is not None:
            count = min(most, want.last - want.first + 1)
            batch = Batch(want.stream, want.epoch, want.first, (b"x",) * count)
            number = self.replay.sent(want, batch, size, self.now_s)
            if taken:
                self.replay.taken(number, self.now_s)
        return want

    def spans(self, **how) -> list[tuple[Stream, int, int, bool]]:
        sent = []
        while (want := self.send(**how)) is not None:
            sent.append((want.stream, want.first, min(want.last, want.first + 199), want.live))
            assert len(sent) < 1000
        return sent


def ack(stream: Stream, watermark: int, *ranges: tuple[int, int], epoch: int = 1) -> Ack:
    return Ack("s/p", stream, epoch, watermark, ranges)


def test_alarms_go_before_audit_and_audit_before_telemetry():
    sender = Sender(extent(TELEMETRY, 1, 5), extent(AUDIT, 1, 5), extent(ALARM, 1, 5))
    assert [span[0] for span in sender.spans()] == [ALARM, AUDIT, TELEMETRY]


def test_live_goes_before_a_backlog_of_any_stream():
    sender = Sender(extent(ALARM, 1, 500), extent(TELEMETRY, 1, 500), window=20)
    sender.send()
    sender.extents[1] = extent(TELEMETRY, 1, 510)
    assert sender.send() == Want(TELEMETRY, 1, 501, 510, live=True)
    assert sender.send().stream is ALARM


def test_the_alarm_backlog_goes_newest_first_and_all_of_it_goes():
    spans = Sender(extent(ALARM, 1, 450), window=20).spans()
    assert [(first, last) for _, first, last, _ in spans] == [(251, 450), (51, 250), (1, 50)]


def test_the_telemetry_backlog_goes_in_order():
    spans = Sender(extent(TELEMETRY, 1, 450), window=20).spans()
    assert [(first, last) for _, first, last, _ in spans] == [(1, 200), (201, 400), (401, 450)]


def test_older_epochs_go_first_and_only_the_last_one_is_live():
    sender = Sender(extent(TELEMETRY, 90, 99), extent(TELEMETRY, 1, 3, epoch=2), live_after={})
    assert sender.send() == Want(TELEMETRY, 2, 1, 3, live=True)
    assert sender.send() == Want(TELEMETRY, 1, 90, 99, live=False)


def test_a_new_epoch_is_live_and_the_rest_of_the_old_one_is_still_sent():
    sender = Sender(extent(TELEMETRY, 1, 3))
    sender.extents = [extent(TELEMETRY, 1, 5), extent(TELEMETRY, 1, 2, epoch=2)]
    wants = [sender.send() for _ in range(3)]
    assert wants[0] == Want(TELEMETRY, 2, 1, 2, live=True)
    assert {(want.epoch, want.first, want.last) for want in wants[1:]} == {(1, 1, 3), (1, 4, 5)}
    assert sender.send() is None


def test_a_puback_deletes_nothing_and_frees_no_place_in_the_window():
    sender = Sender(extent(TELEMETRY, 1, 10_000))
    assert len(sender.spans(taken=True)) == 4
    assert sender.replay.in_flight == 4
    assert sender.replay.acknowledged(ack(TELEMETRY, 400)) == 2
    assert len(sender.spans()) == 2


def test_ranges_above_the_watermark_free_their_frames():
    sender = Sender(extent(TELEMETRY, 1, 800))
    sender.spans()
    assert sender.replay.acknowledged(ack(TELEMETRY, 0, (201, 400), (601, 800))) == 2
    assert sender.replay.acknowledged(ack(TELEMETRY, 0, (1, 100))) == 0  # half a frame is not the frame


def test_a_live_alarm_finds_a_place_when_live_telemetry_fills_the_window():
    sender = Sender(extent(TELEMETRY, 1, 10_000), live_after={})
    assert len(sender.spans()) == 4
    sender.extents.append(extent(ALARM, 1, 1))
    assert sender.send() == Want(ALARM, 1, 1, 1, live=True)


def test_what_is_not_acknowledged_is_sent_again_ever_less_often():
    sender = Sender(extent(TELEMETRY, 1, 10))
    times = []
    for _ in range(2000):
        if sender.send() is not None:
            times.append(sender.now_s)
        sender.now_s += 1.0
    waits = [later - sooner for sooner, later in itertools.pairwise(times)]
    assert waits[:4] == [10, 20, 40, 80]
    assert max(waits) == 10 * LONGEST_PATIENCE
    assert sender.replay.unheard
    sender.replay.acknowledged(ack(TELEMETRY, 10))
    assert not sender.replay.unheard
    assert sender.replay.caught_up


def test_a_frame_that_the_broker_threw_away_is_sent_again_soon():
    sender = Sender(extent(TELEMETRY, 1, 10))
    want = sender.replay.next(0.0, sender.extents)
    number = sender.replay.sent(want, Batch(TELEMETRY, 1, 1, (b"x",) * 10), 100, 0.0)
    sender.replay.taken(number, 0.0, wanted=False)
    sender.now_s = 0.9
    assert sender.send() is None
    sender.now_s = 1.0
    assert sender.send() is not None


def test_live_records_that_nobody_acknowledges_become_backlog_and_later_ones_stay_live():
    sender = Sender(extent(TELEMETRY, 1, 2000), live_after={})
    assert len(sender.spans()) == 4
    sender.now_s = 10.0
    assert {live for _, _, _, live in sender.spans()} == {False}
    sender.extents = [extent(TELEMETRY, 1, 2001)]
    assert sender.send() == Want(TELEMETRY, 1, 2001, 2001, live=True)


def test_the_backlog_waits_for_its_turn_and_live_does_not():
    sender = Sender(extent(TELEMETRY, 1, 500), wait_s=3.0)
    assert sender.send() is None
    assert sender.replay.wait_s(0.0) == 3.0
    sender.extents = [extent(TELEMETRY, 1, 501)]
    assert sender.send().live
    sender.now_s = 3.0
    assert not sender.send().live


def test_the_backlog_keeps_to_its_rate():
    sender = Sender(extent(TELEMETRY, 1, 1_000_000), backlog_bytes_per_s=100_000, window=1000)
    sent = 0
    while sender.now_s < 60:
        sent += 10_000 * len(sender.spans(size=10_000))
        sender.now_s += 0.1
    assert sent == pytest.approx(60 * 100_000, rel=0.05)


def test_no_more_backlog_is_in_flight_than_drains_in_half_a_second():
    sender = Sender(extent(TELEMETRY, 1, 1_000_000), window=1000)
    flying, delay_s = [], 0.1  # the broker answers each frame after 0.1 s, one by one: 100 kB/s
    for _ in range(300):
        while (want := sender.replay.next(sender.now_s, sender.extents)) is not None:
            batch = Batch(TELEMETRY, 1, want.first, (b"x",) * 200)
            flying.append(sender.replay.sent(want, batch, 10_000, sender.now_s))
            assert len(flying) <= 7
        sender.now_s += delay_s
        sender.replay.taken(flying.pop(0), sender.now_s)
    assert len(flying) >= 4
    assert sender.replay.drain_bytes_per_s == pytest.approx(100_000, rel=0.1)


def test_an_epoch_that_the_store_let_go_is_not_asked_for():
    sender = Sender(extent(TELEMETRY, 1, 10), extent(TELEMETRY, 1, 1, epoch=2))
    sender.extents = sender.extents[1:]
    assert [(want.epoch, want.first) for want in [sender.send()]] == [(2, 1)]
    assert sender.send() is None


def test_nothing_pending_in_a_span_ends_the_span():
    sender = Sender(extent(TELEMETRY, 1, 500))
    want = sender.replay.next(0.0, sender.extents)
    sender.replay.nothing(want)
    assert sender.replay.next(0.0, sender.extents) is None
    assert sender.replay.caught_up


def test_a_broker_that_owes_an_answer_is_seen():
    sender = Sender(extent(TELEMETRY, 1, 10))
    sender.send(taken=False)
    assert sender.replay.unanswered_s(7.0) == 7.0


def test_a_bucket_lets_a_debt_wait_off():
    bucket = TokenBucket(100.0, 50.0)
    bucket.available(1.0)
    bucket.take(300.0)
    assert bucket.wait_s() == 2.0
    assert bucket.available(3.0) == 0.0


def test_the_day_forgets_what_is_older():
    day = DayCount()
    day.add(0.0, 5.0)
    day.add(1800.0, 5.0)
    day.add(23 * 3600.0, 1.0)
    assert day.sum(23.9 * 3600) == 11.0
    assert day.sum(24.1 * 3600) == 1.0
