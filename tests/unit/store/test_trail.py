"""The audit trail is read back, newest first, whether the NOC has acknowledged it or not."""

from edgeagent.core.clock import ManualClock
from edgeagent.model.journal import Ack, Stream
from edgeagent.store import peek
from tests.unit.store.conftest import Opener, current


async def test_what_was_audited_is_found_by_its_words_newest_first(opened: Opener) -> None:
    async with opened() as store:
        for number in range(5):
            store.audit("load/a.power", "act", f"number {number}")
            store.audit("load/b.power", "act", "another")
        await store.flush()
        found = await store.audited("load/a.power", 3)
        assert [one.detail for one in found] == ["number 4", "number 3", "number 2"]
        assert await store.audited("nothing of this kind") == []


async def test_what_the_noc_acknowledged_is_still_found(opened: Opener, clock: ManualClock) -> None:
    async with opened() as store:
        store.audit("load/a.power", "act", "before")
        await store.flush()
        epoch = current(store, Stream.AUDIT)
        last = next(one.last_committed for one in store.extents() if one.stream is Stream.AUDIT and one.epoch == epoch)
        assert await store.settle(Ack("pod", Stream.AUDIT, epoch, last)) > 0
        store.audit("load/a.power", "act", "after")
        await store.flush()
        assert [one.detail for one in await store.audited("load/a.power")] == ["after", "before"]


async def test_an_earlier_epoch_and_another_process_tell_it_too(opened: Opener, crash) -> None:
    async with opened() as store:
        store.audit("load/a.power", "act", "first life")
        await store.flush()
        crash(store)
    async with opened() as store:
        store.audit("load/a.power", "act", "second life")
        await store.flush()
        assert [one.detail for one in await store.audited("load/a.power")] == ["second life", "first life"]
        folder = store.folder
    assert [one.detail for one in peek.audited(folder, "load/a.power")] == ["second life", "first life"]


async def test_letters_beyond_ascii_are_found(opened: Opener) -> None:
    async with opened() as store:
        store.audit("load/a.power", "override", "by Zoë: größer")
        await store.flush()
        assert len(await store.audited("Zoë")) == 1
