"""The codec: what it writes pysnmp reads, what pysnmp writes it reads, and no bytes make it do anything but refuse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyasn1.codec.ber import decoder, encoder
from pysnmp.proto import rfc1902

from firmware_stubs.snmp_ber import BerError, Reader, Tag, encode, oid_body, parse_oid, parse_value
from firmware_stubs.snmp_pdu import parse_pdu
from firmware_stubs.snmp_usm import parse_v3

OIDS = st.tuples(st.just(1), st.integers(0, 39)).flatmap(
    lambda start: st.lists(st.integers(0, 2**32 - 1), max_size=20).map(lambda rest: (*start, *rest))
)
VALUES = st.one_of(
    st.tuples(st.just(Tag.INTEGER), st.integers(-(2**31), 2**31 - 1)),
    st.tuples(st.just(Tag.GAUGE32), st.integers(0, 2**32 - 1)),
    st.tuples(st.just(Tag.COUNTER32), st.integers(0, 2**32 - 1)),
    st.tuples(st.just(Tag.TIME_TICKS), st.integers(0, 2**32 - 1)),
    st.tuples(st.just(Tag.COUNTER64), st.integers(0, 2**64 - 1)),
    st.tuples(st.just(Tag.OCTETS), st.binary(max_size=300)),
    st.tuples(st.just(Tag.OBJECT_ID), OIDS),
)
PYSNMP = {
    Tag.INTEGER: rfc1902.Integer32,
    Tag.GAUGE32: rfc1902.Gauge32,
    Tag.COUNTER32: rfc1902.Counter32,
    Tag.TIME_TICKS: rfc1902.TimeTicks,
    Tag.COUNTER64: rfc1902.Counter64,
    Tag.OCTETS: rfc1902.OctetString,
    Tag.OBJECT_ID: rfc1902.ObjectName,
}


def pysnmp_is_minimal(item: tuple[Tag, object]) -> bool:
    """Not for -128, -32768 and the like: pyasn1 gives them an octet too many (X.690 8.3.2 forbids it)."""
    tag, value = item
    return tag is not Tag.INTEGER or value not in [-(2**bits) for bits in (7, 15, 23, 31)]


@given(item=VALUES.filter(pysnmp_is_minimal))
def test_every_value_is_written_as_pysnmp_writes_it(item) -> None:
    tag, value = item
    assert encode(tag, value) == encoder.encode(PYSNMP[tag](value))


@given(item=VALUES)
def test_every_value_comes_back(item) -> None:
    tag, value = item
    wire = encode(tag, value)
    found, start, end = Reader(wire).head()
    assert (found, parse_value(found, wire[start:end])) == (tag, value)
    assert decoder.decode(wire, asn1Spec=PYSNMP[tag]())[1] == b""


@given(oid=OIDS)
def test_an_object_identifier_comes_back(oid) -> None:
    assert parse_oid(oid_body(oid)) == oid


@given(wire=st.binary(max_size=200))
def test_noise_is_refused_by_name(wire: bytes) -> None:
    for parse in (lambda: parse_v3(wire), lambda: parse_pdu(Reader(wire)), lambda: parse_oid(wire)):
        try:
            parse()
        except BerError:
            continue


@pytest.mark.parametrize("wire", ["30", "3005", "3081", "30850000000001", "020a00000000000000000000"])
def test_a_cut_or_impossible_element_is_refused(wire: str) -> None:
    with pytest.raises(BerError):
        Reader(bytes.fromhex(wire)).integer()
