"""The alarm desk: each change is one record, the book is kept behind its records, and acts of people are audited."""

from collections.abc import Mapping

import pytest
from structlog.testing import capture_logs

from edgeagent.autonomy.alarm_book import MAX_ALARMS
from edgeagent.autonomy.alarms import FACT, SETTLE_S, AlarmDesk
from edgeagent.core.clock import ManualClock
from edgeagent.core.metrics import Metrics
from edgeagent.model.decision import AlarmWanted
from edgeagent.model.errors import ActRefused
from edgeagent.model.journal import Position, Stream
from edgeagent.wire.record import AlarmChanged, decode
from tests.unit.autonomy.stand import Keeper

PDU = AlarmWanted("blind/pdu-b1", "major", "pdu-b1 cannot be read", cause="pdu-b1")
PROBE = AlarmWanted("blind/pdu-b1/probe.1", "minor", "a probe is not known", parent="blind/pdu-b1")
HOT = AlarmWanted("interlock/hot@r1", "critical", "hot")


class Desk:
    """A desk over what remembers in memory; a journal that notes the order."""

    def __init__(self, keeper: Keeper | None = None, clock: ManualClock | None = None) -> None:
        self.keeper, self.clock, self.metrics = keeper or Keeper(), clock or ManualClock(), Metrics()
        self.records: list[AlarmChanged] = []
        self.desk = AlarmDesk(self, self.keeper, self.keeper, self.clock, self.metrics)

    def append(self, stream: Stream, content: bytes) -> None:
        assert stream is Stream.ALARM
        record = decode(content)
        assert isinstance(record, AlarmChanged)
        self.records.append(record)
        self.keeper.order.append("record")

    async def append_durable(self, stream: Stream, content: bytes) -> Position:
        raise AssertionError("nobody waits for an alarm")

    async def flush(self) -> None:
        """Everything is there."""

    @property
    def words(self) -> list[tuple[str, str]]:
        return [(one.key, one.word) for one in self.records]

    def rows(self) -> list[Mapping[str, object]]:
        found = self.desk.view()["alarms"]
        assert isinstance(found, list)
        return found


@pytest.fixture
def one() -> Desk:
    return Desk()


async def test_each_change_is_one_record_that_says_how_it_is_now(one: Desk) -> None:
    one.desk.update([PDU])
    await one.clock.advance(10.0)
    one.desk.shelve(PDU.key, 60.0, "N. Berg", "card is replaced")
    one.desk.update([])
    raised, shelved, cleared = one.records
    assert raised == AlarmChanged(
        "0" * 8, 1000.0, PDU.key, "major", PDU.text, "", "pdu-b1", "raised", True, "", "", None, 1
    )
    assert (shelved.word, shelved.by, shelved.why, shelved.until_s) == (
        "shelved",
        "N. Berg",
        "card is replaced",
        1070.0,
    )
    assert (cleared.word, cleared.stands, cleared.time_s) == ("cleared", False, 1010.0)


def test_the_book_is_kept_behind_its_records_and_only_when_something_changed(one: Desk) -> None:
    one.desk.update([PDU, HOT])
    one.desk.update([PDU, HOT])
    assert one.keeper.order == ["record", "record", FACT]


def test_what_finds_no_room_any_more_does_not_stand_for_the_noc(one: Desk) -> None:
    """Its end will not be told, so it would stand there for good."""
    minor = [AlarmWanted(f"n{number}", "minor", "words") for number in range(MAX_ALARMS)]
    one.desk.update(minor)
    one.desk.update([*minor, HOT])
    closed = next(record for record in one.records if record.word == "closed")
    assert not closed.stands
    assert one.desk.view()["overflow"] == 1


@pytest.mark.parametrize("kill", [True, False])
async def test_a_restart_goes_on_with_who_saw_to_what(one: Desk, kill: bool) -> None:
    one.desk.update([PDU, HOT])
    one.desk.acknowledge(PDU.key, "N. Berg")
    one.desk.shelve(HOT.key, 600.0, "N. Berg", "test")
    after = Desk(one.keeper, one.clock if kill else ManualClock(20.0, one.clock.wall_s() + 60.0, "b" * 32))
    assert [
        {key: row[key] for key in ("key", "state", "times")} | {"by": (row["acknowledged"] or row["shelved"])["by"]}  # type: ignore[index]
        for row in after.rows()
    ] == [
        {"key": HOT.key, "state": "standing", "times": 1, "by": "N. Berg"},
        {"key": PDU.key, "state": "standing", "times": 1, "by": "N. Berg"},
    ]
    after.desk.update([PDU, HOT])
    assert after.records == []


async def test_after_a_start_what_stood_stands_until_it_could_be_seen(one: Desk) -> None:
    """A point is told to be blind only after some seconds: until then nothing says that it is not."""
    one.desk.update([PDU, HOT])
    one.desk.acknowledge(PDU.key, "N. Berg")
    after = Desk(one.keeper, one.clock)
    after.desk.update([HOT])
    await one.clock.advance(8.0)
    after.desk.update([PDU])
    assert after.words == [(HOT.key, "cleared")], "what was seen since the start may end"
    row = next(row for row in after.rows() if row["key"] == PDU.key)
    assert row["acknowledged"]
    again = Desk(one.keeper, one.clock)
    await one.clock.advance(SETTLE_S - 1)
    again.desk.update([])
    assert again.records == []
    await one.clock.advance(1.0)
    again.desk.update([])
    assert again.words == [(PDU.key, "cleared")]


def test_what_was_kept_and_cannot_be_used_is_told_once_and_the_list_begins_anew() -> None:
    with capture_logs() as logs:
        one = Desk(Keeper({FACT: {"v": 1, "alarms": "garbled"}}))
    assert [(entry["log_level"], entry["event"]) for entry in logs] == [("error", "what was kept cannot be used")]
    one.desk.update([PDU])
    assert one.words == [(PDU.key, "raised")]


def test_acknowledging_says_who_and_is_audited(one: Desk) -> None:
    one.desk.update([PDU])
    assert one.desk.acknowledge(PDU.key, "N. Berg") == {"acknowledged": [PDU.key]}
    assert one.rows()[0]["acknowledged"] == {"by": "N. Berg", "for_s": 0.0}
    assert [(entry.subject, entry.action, entry.detail) for entry in one.keeper.entries] == [
        (PDU.key, "acknowledge", "by N. Berg")
    ]


def test_all_are_acknowledged_but_what_is_shelved(one: Desk) -> None:
    one.desk.update([PDU, PROBE, HOT])
    one.desk.shelve(HOT.key, 60.0, "N. Berg", "test")
    assert one.desk.acknowledge("all", "N. Berg") == {"acknowledged": [PDU.key, PROBE.key]}
    assert one.desk.acknowledge("all", "N. Berg") == {"acknowledged": []}
    assert [row["acknowledged"] is None for row in one.rows()] == [True, False, False]


def test_acknowledging_a_full_list_keeps_the_book_once() -> None:
    """Keeping it costs milliseconds: once for each of a thousand would hold up decisions for seconds."""
    one = Desk()
    one.desk.update([AlarmWanted(f"n{number}", "minor", "words") for number in range(MAX_ALARMS)])
    one.keeper.order.clear()
    one.desk.acknowledge("all", "N. Berg")
    assert one.keeper.order.count(FACT) == 1
    assert one.keeper.order[:MAX_ALARMS] == ["record"] * MAX_ALARMS
    assert len(one.keeper.entries) == MAX_ALARMS


def test_shelving_has_an_end_an_author_and_a_reason_and_is_audited(one: Desk) -> None:
    one.desk.update([PDU])
    assert one.desk.shelve(PDU.key, 7200.0, "N. Berg", "card is replaced") == {"shelved": PDU.key, "for_s": 7200.0}
    assert one.rows()[0]["shelved"] == {"by": "N. Berg", "why": "card is replaced", "left_s": 7200.0}
    assert one.desk.unshelve(PDU.key, "A. Roth") == {"unshelved": PDU.key}
    assert one.rows()[0]["shelved"] is None
    assert [(entry.action, entry.detail) for entry in one.keeper.entries] == [
        ("shelve", "for 7200 s by N. Berg: card is replaced"),
        ("unshelve", "by A. Roth"),
    ]


@pytest.mark.parametrize("for_s", [0.0, -1.0, 86401.0, float("nan"), float("inf")])
def test_a_shelf_without_a_fitting_end_is_refused(one: Desk, for_s: float) -> None:
    one.desk.update([PDU])
    with pytest.raises(ActRefused, match="a shelf lasts from 1 s to 24 h"):
        one.desk.shelve(PDU.key, for_s, "N. Berg", "why")


def test_a_shelf_without_a_reason_is_refused(one: Desk) -> None:
    one.desk.update([PDU])
    with pytest.raises(ActRefused, match="without a reason"):
        one.desk.shelve(PDU.key, 60.0, "N. Berg", "  ")


def test_what_is_not_there_is_refused_with_the_nearest(one: Desk) -> None:
    one.desk.update([PDU, HOT])
    meant = r"there is no such alarm; .* lists them; did you mean blind/pdu-b1\?"
    with pytest.raises(ActRefused, match="cannot acknowledge blind/pdu-b2: " + meant):
        one.desk.acknowledge("blind/pdu-b2", "N. Berg")
    with pytest.raises(ActRefused, match="cannot shelve blind/pdu-b2: " + meant):
        one.desk.shelve("blind/pdu-b2", 60.0, "N. Berg", "why")
    with pytest.raises(ActRefused, match=r"cannot unshelve nothing: there is no such alarm; [^?]*$"):
        one.desk.unshelve("nothing", "N. Berg")
    assert (one.keeper.entries, len(one.records)) == ([], 2)


def test_what_is_done_already_is_refused(one: Desk) -> None:
    one.desk.update([PDU])
    one.desk.acknowledge(PDU.key, "N. Berg")
    with pytest.raises(ActRefused, match=r"N\. Berg did so already"):
        one.desk.acknowledge(PDU.key, "A. Roth")
    with pytest.raises(ActRefused, match="it is not shelved"):
        one.desk.unshelve(PDU.key, "A. Roth")


def test_the_view_is_worst_first_and_counts_only_what_is_in_sight(one: Desk) -> None:
    other = AlarmWanted("refused/a", "critical", "words")
    one.desk.update([PDU, PROBE, HOT, other])
    one.desk.shelve(HOT.key, 60.0, "N. Berg", "test")
    one.desk.update([PDU, PROBE, HOT])
    view = one.desk.view()
    assert [row["key"] for row in one.rows()] == [HOT.key, PDU.key, PROBE.key, other.key]
    assert {key: view[key] for key in view if key != "alarms"} == {
        "standing": 1,
        "unacknowledged": 3,
        "shelved": 1,
        "worst": "major",
        "overflow": 0,
    }
    assert one.rows()[1] == {
        "key": PDU.key,
        "severity": "major",
        "text": PDU.text,
        "parent": "",
        "cause": "pdu-b1",
        "state": "standing",
        "for_s": 0.0,
        "since_wall_s": one.clock.wall_s(),
        "times": 1,
        "chattering": False,
        "cleared_for_s": None,
        "acknowledged": None,
        "shelved": None,
        "folded": False,
        "children": 1,
    }


def test_the_version_is_another_one_only_when_people_must_look(one: Desk) -> None:
    seen = [one.desk.version]
    for wanted in ([], [PDU], [PDU], []):
        one.desk.update(wanted)
        seen.append(one.desk.version)
    assert seen == [0, 0, 1, 1, 2]


def test_metrics_count_what_stands_in_sight_and_what_happened(one: Desk) -> None:
    one.desk.update([PDU, PROBE, HOT])
    one.desk.shelve(HOT.key, 60.0, "N. Berg", "test")
    one.metrics.collect()
    found = {
        (family.name, labels): value for family in one.metrics.families() for labels, value in family.values.items()
    }
    assert found == {
        ("edgeagent_alarm_changes", (("word", "raised"),)): 3.0,
        ("edgeagent_alarm_changes", (("word", "shelved"),)): 1.0,
        ("edgeagent_alarms", (("severity", "critical"),)): 0.0,
        ("edgeagent_alarms", (("severity", "major"),)): 1.0,
        ("edgeagent_alarms", (("severity", "minor"),)): 0.0,
        ("edgeagent_alarms", (("severity", "warning"),)): 0.0,
        ("edgeagent_alarms_left_out", ()): 0.0,
    }


def test_a_raise_warns_and_the_rest_is_told(one: Desk) -> None:
    with capture_logs() as logs:
        one.desk.update([PDU])
        one.desk.acknowledge(PDU.key, "N. Berg")
        one.desk.update([])
    assert [(entry["log_level"], entry["event"], entry.get("by")) for entry in logs] == [
        ("warning", "alarm raised", None),
        ("info", "alarm acknowledged", "N. Berg"),
        ("info", "alarm cleared", None),
    ]


def test_a_long_text_fits_its_record(one: Desk) -> None:
    one.desk.update([AlarmWanted("a", "major", "x" * 5000)])
    one.desk.shelve("a", 60.0, "N. Berg", "y" * 5000)
    assert [(len(record.text), len(record.why)) for record in one.records] == [(1024, 0), (1024, 200)]


def test_alarms_are_not_lost_when_the_store_opens_late(one: Desk) -> None:
    one.desk.update([PDU])
    one.desk.acknowledge(PDU.key, "N. Berg")
    keeper = Keeper(one.keeper.facts)
    keeper.knows_facts = False
    late = Desk(keeper, one.clock)
    late.desk.update([HOT])
    assert [row["key"] for row in late.rows()] == [HOT.key]
    assert HOT.key not in str(keeper.facts[FACT]), "what was kept is not written over before it is known"
    keeper.knows_facts = True
    late.desk.update([HOT])
    assert {str(row["key"]): row["acknowledged"] is not None for row in late.rows()} == {HOT.key: False, PDU.key: True}
    assert HOT.key in str(keeper.facts[FACT])
