import pytest

from edgeagent.model.journal import Ack, Batch, Position, Stream


def test_a_batch_knows_its_last_sequence():
    assert Batch(Stream.ALARM, 1, 10, (b"a", b"b", b"c")).last_sequence == 12


@pytest.mark.parametrize(("watermark", "ranges", "highest"), [(7, (), 7), (7, ((9, 12), (20, 20)), 20), (0, (), 0)])
def test_an_ack_knows_the_highest_sequence_it_speaks_of(watermark, ranges, highest):
    assert Ack("pod", Stream.AUDIT, 1, watermark, ranges).highest == highest


def test_positions_are_ordered_by_epoch_then_sequence():
    assert sorted([Position(2, 1), Position(1, 9), Position(1, 10)]) == [
        Position(1, 9),
        Position(1, 10),
        Position(2, 1),
    ]
