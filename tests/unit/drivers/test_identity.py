"""Binding devices to serials."""

import pytest

from edgeagent.drivers.identity import MemoryBook, mismatch


def test_the_first_serial_binds_the_device():
    book = MemoryBook()
    assert mismatch(book, "pdu", None, "A1") == ""
    assert book.serial_of("pdu") == "A1"
    assert mismatch(book, "pdu", None, "A1") == ""
    assert "bound to serial A1, and what answers says that it is B2" in mismatch(book, "pdu", None, "B2")
    assert book.serial_of("pdu") == "A1"


def test_a_device_without_a_serial_is_not_bound():
    book = MemoryBook()
    assert mismatch(book, "pdu", None, "") == ""
    assert book.serial_of("pdu") is None


def test_a_bound_device_that_stops_saying_its_serial_is_not_trusted():
    assert "does not say its serial" in mismatch(MemoryBook({"pdu": "A1"}), "pdu", None, "")


@pytest.mark.parametrize(("serial", "matches"), [("B2", True), ("A1", False)])
def test_the_configured_serial_goes_before_the_book(serial, matches):
    assert (mismatch(MemoryBook({"pdu": "A1"}), "pdu", "B2", serial) == "") is matches
