import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeagent.core.clock import ManualClock
from edgeagent.model.errors import StoreError, StoreFull
from edgeagent.model.journal import MAX_RECORD_BYTES, Ack, Stream
from edgeagent.store.store import Store
from edgeagent.wire.chain import GENESIS, extend, link
from edgeagent.wire.record import Audited, decode

from .conftest import Opener, current, everything, records


async def test_the_head_follows_from_every_record_of_the_stream(
    opened: Opener, clock: ManualClock, crash: Callable[[Store], None]
) -> None:
    async with opened() as store:
        assert store.head() != GENESIS.hex()
        for number in range(5):
            store.audit("cycle", "act", str(number))
        await store.audit_durable("cycle", "act", "durable")
        crash(store)
    async with opened() as store:
        store.audit("cycle", "act", "after the crash")
        await store.flush()
        contents = [content for _, content in sorted((await everything(store, Stream.AUDIT)).items())]
        assert extend(GENESIS, contents).hex() == store.head()
        head = GENESIS
        for content in contents:
            record = decode(content)
            assert not isinstance(record, Audited) or record.previous == head.hex()
            head = link(head, content)
        assert [one.detail for one in await records(store, Audited, Stream.AUDIT)][-1] == "after the crash"


async def test_a_link_says_when_who_what_and_why(opened: Opener, clock: ManualClock) -> None:
    async with opened() as store:
        await store.audit_durable("arbiter", "limited", "fan to 80 %")
        (record,) = await records(store, Audited, Stream.AUDIT)
        assert (record.boot, record.time_s) == (clock.boot_id[:8], clock.now_s())
        assert (record.subject, record.action, record.detail) == ("arbiter", "limited", "fan to 80 %")


async def test_a_long_detail_is_cut_and_never_refused(opened: Opener) -> None:
    async with opened() as store:
        await store.audit_durable("a" * 5000, "b" * 5000, "ü" * 50_000)
        (content,) = list((await everything(store, Stream.AUDIT)).values())[1:]
        assert isinstance(decode(content), Audited)
        assert len(content) < MAX_RECORD_BYTES


async def test_the_head_stays_when_the_noc_has_all_and_over_a_restart(opened: Opener) -> None:
    async with opened() as store:
        store.audit("a", "b")
        await store.flush()
        head = store.head()
        await store.settle(Ack("pod", Stream.AUDIT, current(store, Stream.AUDIT), 2))
        assert store.head() == head
    async with opened() as store:
        assert store.head() == head


async def test_facts_are_kept_and_the_stores_own_are_not_touched(
    opened: Opener, crash: Callable[[Store], None]
) -> None:
    async with opened() as store:
        assert store.fact("identity") is None
        await store.put_fact("identity", {"pdu-a1": "SN 1"})
        with pytest.raises(ValueError, match="are the store's own"):
            await store.put_fact("store.audit_head", "")
        crash(store)
    async with opened() as store:
        assert store.fact("identity") == {"pdu-a1": "SN 1"}


async def test_facts_that_cannot_be_kept_are_a_store_error(opened: Opener) -> None:
    async with opened() as store:
        store._files.abandon(damaged=None)
        with pytest.raises(StoreError):
            await store.put_fact("a", 1)
        assert store.fact("a") is None


@given(st.lists(st.binary(max_size=50), min_size=2, max_size=8), st.data())
def test_no_record_can_be_changed_left_out_or_moved_without_changing_the_head(
    contents: list[bytes], data: st.DataObject
) -> None:
    head = extend(GENESIS, contents)
    at = data.draw(st.integers(0, len(contents) - 1))
    assert extend(GENESIS, contents[:at] + contents[at + 1 :]) != head
    assert extend(GENESIS, [*contents[:at], contents[at] + b"!", *contents[at + 1 :]]) != head
    turned = contents[::-1]
    assert turned == contents or extend(GENESIS, turned) != head


def test_a_link_is_sha_256_over_head_and_record() -> None:
    assert link(GENESIS, b"abc") == hashlib.sha256(bytes(32) + b"abc").digest()


async def test_an_audit_that_the_disk_refused_does_not_stand_in_the_chain(opened: Opener) -> None:
    """A refused link, then records of the other stream of the file, then a link that is kept: the chain holds."""
    async with opened() as store:
        await store.audit_durable("cycle", "act", "before")
        writer = store._files.safety.database._writer
        (pages,) = writer.execute("PRAGMA page_count").fetchone()
        writer.execute(f"PRAGMA max_page_count = {pages}")
        head = await _until_refused(store)
        writer.execute("PRAGMA max_page_count = 1000000")
        store.append(Stream.ALARM, b"x fire")
        await store.flush()
        assert store.head() == head
        await store.audit_durable("cycle", "act", "after")
        contents = [content for _, content in sorted((await everything(store, Stream.AUDIT)).items())]
        assert extend(GENESIS, contents).hex() == store.head()


async def _until_refused(store: Store) -> str:
    """Audit until the file takes no more; the head of what it took."""
    for _ in range(50):
        head = store.head()
        try:
            await store.audit_durable("cycle", "act", "why " * 2000)
        except StoreFull:
            return head
    raise AssertionError("the file never got full")
