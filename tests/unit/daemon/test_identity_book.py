"""A device stays bound to its serial over restarts, and a store that is late changes nothing of that."""

from pathlib import Path

from edgeagent.core.clock import ManualClock
from edgeagent.daemon.identity_book import StoredBook
from edgeagent.model.points import DeviceId
from edgeagent.store.schema import SAFETY_FILE
from edgeagent.store.settings import StoreSettings
from edgeagent.store.store import Store

PDU, OTHER = DeviceId("pdu-a1"), DeviceId("pdu-b1")


def made(folder: Path) -> Store:
    return Store(folder, StoreSettings(), ManualClock())


async def test_a_binding_survives_a_restart(tmp_path: Path) -> None:
    for expected in (None, "SN1"):
        store = made(tmp_path)
        store.open()
        book = StoredBook(store)
        assert book.serial_of(PDU) == expected
        book.bind(PDU, "SN1")
        await book.settle()
        await store.close()


async def test_a_store_that_opens_late_keeps_its_bindings_against_those_made_meanwhile(tmp_path: Path) -> None:
    store = made(tmp_path)
    store.open()
    book = StoredBook(store)
    book.bind(PDU, "SN1")
    await book.settle()
    await store.close()
    late = made(tmp_path)
    late.troubles[SAFETY_FILE] = "not open yet"
    book = StoredBook(late)
    assert book.serial_of(PDU) is None
    book.bind(PDU, "STRANGER")
    book.bind(OTHER, "SN2")
    await book.settle()
    late.troubles.clear()
    late.open()
    assert (book.serial_of(PDU), book.serial_of(OTHER)) == ("SN1", "SN2")
    await late.close()


async def test_a_person_may_bind_anew(tmp_path: Path) -> None:
    store = made(tmp_path)
    store.open()
    book = StoredBook(store)
    book.bind(PDU, "SN1")
    book.bind(PDU, "SN2")
    assert book.serial_of(PDU) == "SN2"
    await book.settle()
    assert store.fact("identity.serials") == {"pdu-a1": "SN2"}
    await store.close()
