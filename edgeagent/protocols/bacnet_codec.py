"""BACnet/IP datagrams: requests made and answers taken apart, with the APDU codec of bacpypes3.

Only its codec is used. Its whole stack would listen to broadcasts, answer requests as a server does, and try again by
itself. Segmented answers are not accepted, which a device is told in each request: it then says that it cannot.
"""

import importlib
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import Any, NamedTuple

from edgeagent.model.errors import DeviceRefused
from edgeagent.protocols.bacnet_words import (
    ABORTS,
    ANALOG,
    BINARY,
    ERRORS,
    REJECTS,
    ObjectId,
    Primitive,
    Ref,
    Refusal,
    Values,
)

MAX_APDU = 5
"""Up to 1476 octets, all that a BACnet/IP datagram holds (clause 20.1.2.5)."""
SIMPLE, COMPLEX, ERROR, REJECT, ABORT = 2, 3, 5, 6, 7
BVLL, UNICAST, FORWARDED = 0x81, 0x0A, 0x04
NPDU, EXPECTS_REPLY = 0x01, 0x04
HAS_DESTINATION, HAS_SOURCE, IS_NETWORK = 0x20, 0x08, 0x80
INTEGER, LARGE, POSITIVE = 45, 46, 48
"""Object types whose present value is neither a Real nor an enumeration."""
WHO_IS = bytes((BVLL, UNICAST, 0, 8, NPDU, 0, 0x10, 8))
"""Of any device, to one host (clause 16.10)."""
I_AM = bytes((0x10, 0, 0xC4))
"""How an I-Am begins: unconfirmed, its service, and the tag of an object identifier."""
Found = Mapping[Ref, Values | Refusal]


class Garbage(ValueError):
    """Octets that are no answer of BACnet."""


class Answer(NamedTuple):
    """``kind`` is one of SIMPLE … ABORT; ``code`` is the no of the last three, and ``found`` what a COMPLEX says."""

    kind: int
    code: int = 0
    found: Found = MappingProxyType({})

    @property
    def why(self) -> str:
        """The no, in words."""
        words = {ERROR: ERRORS, REJECT: REJECTS, ABORT: ABORTS}.get(self.kind, {})
        kind = {ERROR: "error", REJECT: "reject", ABORT: "abort"}.get(self.kind, "answer")
        return words.get(self.code, f"{kind} {self.code}")


class Codec:
    """Loads bacpypes3, which takes 10 MiB and half a second: by the first device that needs it.

    Raises DeviceRefused where it is not installed.
    """

    def __init__(self) -> None:
        try:
            self._apdu: Any = importlib.import_module("bacpypes3.apdu")
        except ImportError:
            raise DeviceRefused("cannot speak BACnet: install edgeagent[bacnet]") from None
        self._primitive: Any = importlib.import_module("bacpypes3.primitivedata")
        self._base: Any = importlib.import_module("bacpypes3.basetypes")
        self._data: Any = importlib.import_module("bacpypes3.constructeddata")
        self._pdu: Any = importlib.import_module("bacpypes3.pdu")
        self._errors = (importlib.import_module("bacpypes3.errors").DecodingError, *_BROKEN)

    def reading(self, invoke: int, ref: Ref) -> bytes:
        """ReadProperty."""
        request = self._apdu.ReadPropertyRequest(
            objectIdentifier=self._object(ref.object), propertyIdentifier=self._property(ref.property)
        )
        if ref.element is not None:
            request.propertyArrayIndex = ref.element
        return self._framed(request, invoke)

    def reading_many(self, invoke: int, refs: Sequence[Ref]) -> bytes:
        """ReadPropertyMultiple."""
        specs = [
            self._base.ReadAccessSpecification(
                objectIdentifier=self._object(thing), listOfPropertyReferences=[self._reference(ref) for ref in same]
            )
            for thing, same in groupby(refs, key=lambda ref: ref.object)
        ]
        return self._framed(self._apdu.ReadPropertyMultipleRequest(listOfReadAccessSpecs=specs), invoke)

    def writing(self, invoke: int, ref: Ref, value: float | None, priority: int) -> bytes:
        """WriteProperty at a priority; None relinquishes."""
        request = self._apdu.WritePropertyRequest(
            objectIdentifier=self._object(ref.object),
            propertyIdentifier=self._property(ref.property),
            propertyValue=self._data.Any(self._typed(ref.object, value)),
            priority=priority,
        )
        return self._framed(request, invoke)

    def answer(self, apdu: bytes, asked: Sequence[Ref]) -> Answer:
        """What an APDU says. Raises Garbage."""
        try:
            return self._answer(apdu, asked)
        except self._errors as error:
            raise Garbage(f"{type(error).__name__}: {error}"[:200]) from None

    def _answer(self, apdu: bytes, asked: Sequence[Ref]) -> Answer:
        generic = self._apdu.APDU.decode(self._pdu.PDU(apdu))
        kind = int(generic.apduType)
        if kind in (REJECT, ABORT):
            return Answer(kind, int(generic.apduAbortRejectReason))
        if kind == SIMPLE:
            return Answer(kind)
        if kind == COMPLEX and (generic.apduSeg or generic.apduMor):
            raise Garbage("a segmented answer, which was not asked for")
        whole = self._apdu.APCISequence.decode(generic)
        if kind == ERROR:
            return Answer(kind, int(whole.errorCode))
        if isinstance(whole, self._apdu.ReadPropertyACK):
            return Answer(kind, 0, {_same(whole, asked): self._values(whole.propertyValue)})
        return Answer(kind, 0, dict(self._each(whole)))

    def _each(self, whole: Any) -> Iterator[tuple[Ref, Values | Refusal]]:
        for result in whole.listOfReadAccessResults:
            thing = _object_id(result.objectIdentifier)
            for one in result.listOfResults:
                index = None if one.propertyArrayIndex is None else int(one.propertyArrayIndex)
                ref = Ref(thing, int(one.propertyIdentifier), index)
                error = one.readResult.propertyAccessError
                if error is not None:
                    code = int(error.errorCode)
                    yield ref, Refusal(code, ERRORS.get(code, f"error {code}"))
                else:
                    yield ref, self._values(one.readResult.propertyValue)

    def _values(self, content: Any) -> Values:
        """The application-tagged values; what is made of several parts is not a point and is left out."""
        found: list[Primitive] = []
        for tag in content.tagList[1:-1]:  # between the opening and the closing tag
            if int(tag.tag_class) != 0:
                return ()
            found.append(_primitive(int(tag.tag_number), int(tag.tag_lvt), bytes(tag.tag_data)))
        return tuple(found)

    def _framed(self, request: Any, invoke: int) -> bytes:
        request.apduInvokeID = invoke
        generic = request.encode()
        generic.apduSeg = generic.apduMor = generic.apduSA = False
        generic.apduMaxSegs, generic.apduMaxResp = 0, MAX_APDU
        apdu = bytes(generic.encode().pduData)
        return struct.pack(">BBHBB", BVLL, UNICAST, len(apdu) + 6, NPDU, EXPECTS_REPLY) + apdu

    def _object(self, thing: ObjectId) -> Any:
        return self._primitive.ObjectIdentifier((thing.type, thing.instance))

    def _property(self, number: int) -> Any:
        return self._base.PropertyIdentifier(number)

    def _reference(self, ref: Ref) -> Any:
        more = {} if ref.element is None else {"propertyArrayIndex": ref.element}
        return self._base.PropertyReference(propertyIdentifier=self._property(ref.property), **more)

    def _typed(self, thing: ObjectId, value: float | None) -> Any:
        if value is None:
            return self._primitive.Null(())
        if thing.type == LARGE:
            return self._primitive.Double(value)
        if thing.type == INTEGER:
            return self._primitive.Integer(round(value))
        if thing.type in ANALOG and thing.type != POSITIVE:
            return self._primitive.Real(value)
        if thing.type in BINARY:
            return self._primitive.Enumerated(round(value))
        return self._primitive.Unsigned(round(value))


def apdu_of(datagram: bytes) -> bytes:
    """What a datagram carries; nothing where it carries no APDU. Raises Garbage where it is no BACnet/IP."""
    try:
        bvll, function, length = struct.unpack_from(">BBH", datagram)
        if bvll != BVLL or length != len(datagram):
            raise Garbage("not a BACnet/IP datagram")
        if function not in (UNICAST, FORWARDED):
            return b""
        at = 10 if function == FORWARDED else 4
        version, control = datagram[at], datagram[at + 1]
        if version != NPDU:
            raise Garbage(f"network protocol version {version}")
        at += 2
        for flag in (HAS_DESTINATION, HAS_SOURCE):
            if control & flag:
                at += 3 + datagram[at + 2]
        at += bool(control & HAS_DESTINATION)  # the hop count
        return b"" if control & IS_NETWORK else datagram[at:]
    except (struct.error, IndexError):
        raise Garbage("a datagram that ends too early") from None


def invoke_of(apdu: bytes) -> int | None:
    """Which request an APDU answers; None where it is no answer."""
    if len(apdu) < 3 or apdu[0] >> 4 not in (SIMPLE, COMPLEX, ERROR, REJECT, ABORT):
        return None
    return apdu[1]


def instance_of(apdu: bytes) -> int | None:
    """The device that an I-Am names (clause 16.10); None where it is no I-Am."""
    return _identifier(apdu[3:7]).instance if apdu[:3] == I_AM and len(apdu) >= 7 else None


def _same(whole: Any, asked: Iterable[Ref]) -> Ref:
    """The one that was asked for: whoever asks for "whoever you are" gets another instance back."""
    for ref in asked:
        if ref.property == int(whole.propertyIdentifier) and ref.object.type == int(whole.objectIdentifier[0]):
            return ref
    raise Garbage("the answer to another question")


def _object_id(found: Any) -> ObjectId:
    return ObjectId(int(found[0]), int(found[1]))


def _primitive(number: int, length: int, data: bytes) -> Primitive:
    """A value by its application tag (clause 20.2.1.4); what no point can be stays as its octets."""
    if number == BOOLEAN:
        return length == 1  # it stands in the tag itself
    return DECODERS.get(number, bytes)(data)


CHARACTER_SETS = {0: "utf-8", 3: "utf-32-be", 4: "utf-16-be", 5: "latin-1"}


def _text(data: bytes) -> str:
    """A character string; what is not in its set is replaced, what does not print is left out."""
    text = data[1:].decode(CHARACTER_SETS.get(data[0], "latin-1"), "replace") if data else ""
    return "".join(char for char in text if char.isprintable()).strip()[:256]


def _bits(data: bytes) -> tuple[bool, ...]:
    """A bit string: the first octet says how many bits of the last one are not used."""
    bits = [bool(byte >> 7 - place & 1) for byte in data[1:] for place in range(8)]
    return tuple(bits[: len(bits) - data[0]])


def _identifier(data: bytes) -> ObjectId:
    whole = int.from_bytes(data)
    return ObjectId(whole >> 22, whole & 0x3FFFFF)


BOOLEAN = 1
DECODERS: Mapping[int, Callable[[bytes], Primitive]] = MappingProxyType(
    {
        0: lambda _data: None,
        2: int.from_bytes,
        3: lambda data: int.from_bytes(data, signed=True),
        4: lambda data: float(struct.unpack(">f", data)[0]),
        5: lambda data: float(struct.unpack(">d", data)[0]),
        7: _text,
        8: _bits,
        9: int.from_bytes,
        12: _identifier,
    }
)
"""By tag number: Null, Unsigned, Integer, Real, Double, CharacterString, BitString, Enumerated, ObjectIdentifier."""
_BROKEN = (AttributeError, TypeError, ValueError, KeyError, IndexError, RuntimeError, struct.error)
"""What the codec raises at octets that make no sense, beside its own error."""
