"""The objects of a BACnet device: which there are, how they are called, and the points that they make by themselves.

A device without a profile is read by its own names: ``CRAC-1/Supply Air Temp`` is ``crac_1.supply_air_temp``.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edgeagent.model.device import Identity
from edgeagent.model.errors import DeviceRefused
from edgeagent.model.units import Kind
from edgeagent.protocols.bacnet import BacnetSession, Found
from edgeagent.protocols.bacnet_address import BacnetAddress
from edgeagent.protocols.bacnet_profile import ObjectRow, Place
from edgeagent.protocols.bacnet_units import NO_UNITS, Unit, kind_of
from edgeagent.protocols.bacnet_units import UNITS as KNOWN_UNITS
from edgeagent.protocols.bacnet_words import (
    ACTIVE_TEXT,
    ANALOG,
    BINARY,
    DATABASE_REVISION,
    DESCRIPTION,
    DEVICE,
    FIRMWARE,
    INACTIVE_TEXT,
    MODEL_NAME,
    OBJECT_LIST,
    OBJECT_NAME,
    SERIAL,
    STATE_TEXT,
    UNITS,
    UNKNOWN_OBJECT,
    VENDOR_NAME,
    WORD_OF_TYPE,
    ObjectId,
    Primitive,
    Ref,
    Refusal,
)

MAX_OBJECTS = 1000
"""How many objects of one device are read; what it has beyond is told and left out."""
MAX_NAME = 80
OFF, ON = "inactive", "active"
BUSY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
"""Where one word ends and the next begins in SupplyAirTemp."""
IDENTITY = (VENDOR_NAME, MODEL_NAME, SERIAL, FIRMWARE)


@dataclass(frozen=True, slots=True)
class Named:
    """The objects that can be points, with their names; ``left_out`` counts those beyond the bound."""

    device: ObjectId
    identity: Identity
    revision: int | None
    objects: tuple[tuple[ObjectId, str], ...]
    left_out: int = 0

    def is_of(self, device: ObjectId, identity: Identity, revision: int) -> bool:
        """Whether it is of this device, as its objects are now."""
        return (self.device, self.identity, self.revision) == (device, identity, revision)


class Objects:
    """What a device says of itself. Raises DeviceError."""

    def __init__(self, session: BacnetSession, address: BacnetAddress, *, ahead: bool = False) -> None:
        self._session = session
        self._address = address
        self._ahead = ahead

    async def device(self) -> ObjectId:
        """The device object that answers, which is the one that the address names."""
        if self._address.instance is None:
            instance = await self._session.instance()
            if instance is None:
                raise DeviceRefused(
                    f"cannot tell which device {self._address} is: write its instance behind the port, as in"
                    f" {self._address}/1001"
                )
            return ObjectId(DEVICE, instance)
        device = ObjectId(DEVICE, self._address.instance)
        name = (await self._read([Ref(device, OBJECT_NAME)]))[Ref(device, OBJECT_NAME)]
        if isinstance(name, Refusal) and name.code == UNKNOWN_OBJECT:
            instance = await self._session.instance()
            is_who = "" if instance is None else f": it is {instance}"
            raise DeviceRefused(f"{self._address} is not device {self._address.instance}{is_who}")
        return device

    async def identity(self, device: ObjectId) -> tuple[Identity, int | None]:
        """Who it is, and the revision of its objects; what it refuses to say is empty."""
        refs = [Ref(device, number) for number in (*IDENTITY, DATABASE_REVISION)]
        found = await self._read(refs)
        texts = [_text(found, ref) for ref in refs[:-1]]
        revision = first(found, refs[-1])
        return Identity(*texts), revision if isinstance(revision, int) else None

    async def named(self, known: Named | None = None) -> Named:
        """Its objects; what is ``known`` is taken as it is while the revision is the same."""
        device = await self.device()
        identity, revision = await self.identity(device)
        if revision is not None and known is not None and known.is_of(device, identity, revision):
            return known
        everything = [one for one in await self._list(device) if one.type in WORD_OF_TYPE]
        objects = everything[:MAX_OBJECTS]
        found = await self._read([Ref(one, OBJECT_NAME) for one in objects])
        names = tuple((one, _text(found, Ref(one, OBJECT_NAME))) for one in objects)
        return Named(device, identity, revision, names, len(everything) - len(objects))

    async def rows(self, named: Named) -> tuple[list[ObjectRow], int]:
        """A row for each object, and how many have a unit that no kind of point has."""
        refs = [Ref(one, number) for one, _ in named.objects for number in _wanted(one)]
        found = await self._read(refs)
        rows, nameless = [], 0
        for one, name in unique(named.objects):
            row = _row(one, name, found)
            if row is None:
                nameless += 1
            else:
                rows.append(row)
        return rows, nameless

    async def _list(self, device: ObjectId) -> list[ObjectId]:
        """The object list: at once, or element by element where it is too long for that."""
        whole = Ref(device, OBJECT_LIST)
        values = (await self._read([whole]))[whole]
        if not isinstance(values, Refusal):
            return [one for one in values if isinstance(one, ObjectId)]
        length = first(await self._read([whole._replace(element=0)]), whole._replace(element=0))
        if not isinstance(length, int):
            raise DeviceRefused(f"{self._address} does not list its objects: {values.text}")
        refs = [whole._replace(element=index) for index in range(1, min(length, 2 * MAX_OBJECTS) + 1)]
        found = await self._read(refs)
        firsts = [first(found, ref) for ref in refs]
        return [one for one in firsts if isinstance(one, ObjectId)]

    async def _read(self, refs: Sequence[Ref]) -> Found:
        return await self._session.read(refs, ahead=self._ahead)


def unique(objects: Iterable[tuple[ObjectId, str]]) -> list[tuple[ObjectId, str]]:
    """The objects with names for points; of two that would bear one, the second has its type and instance behind it."""
    found: dict[str, ObjectId] = {}
    for one, name in objects:
        own = f"{WORD_OF_TYPE[one.type].replace('-', '_')}.{one.instance}"
        slug = slugged(name) or own
        found[slug if slug not in found else f"{slug}.{own}"] = one
    return [(one, name) for name, one in found.items()]


def slugged(name: str) -> str:
    """A name as a point may have it."""
    parts = [re.sub("[^a-z0-9]+", "_", BUSY.sub("_", part).lower()).strip("_") for part in re.split(r"[./:\\']", name)]
    return ".".join(part for part in parts if part)[:MAX_NAME].strip("._")


def _wanted(one: ObjectId) -> tuple[int, ...]:
    if one.type in ANALOG:
        return (DESCRIPTION, UNITS)
    if one.type in BINARY:
        return (DESCRIPTION, INACTIVE_TEXT, ACTIVE_TEXT)
    return (DESCRIPTION, STATE_TEXT)


def _row(one: ObjectId, name: str, found: Found) -> ObjectRow | None:
    place, label = Place((one.type,), one.instance), _text(found, Ref(one, DESCRIPTION))
    if one.type not in ANALOG:
        return ObjectRow(name, Kind.STATE, place, label, codes=_codes(one, found))
    units = first(found, Ref(one, UNITS))
    kind = kind_of(units, f"{name} {label}") if isinstance(units, int) else None
    return None if kind is None else ObjectRow(name, kind, place, label)


def _codes(one: ObjectId, found: Found) -> Mapping[int, str]:
    """The words of a state: the device's own where it has them, and no word twice."""
    if one.type in BINARY:
        texts = [_word(_text(found, Ref(one, number))) for number in (INACTIVE_TEXT, ACTIVE_TEXT)]
        good = all(texts) and texts[0] != texts[1]
        return dict(enumerate(texts if good else (OFF, ON)))
    values = found[Ref(one, STATE_TEXT)]
    texts = [] if isinstance(values, Refusal) else [_word(str(text)) for text in values]
    return {
        number: text if text and texts.count(text) == 1 else f"state_{number}" for number, text in enumerate(texts, 1)
    }


def _word(text: str) -> str:
    slug = slugged(text).replace(".", "_")
    return slug if not slug[:1].isdigit() else f"state_{slug}"


def first(found: Found, ref: Ref) -> Primitive:
    """The value of a property that has one; None where it was not told."""
    values = found.get(ref, ())
    return None if isinstance(values, Refusal) or not values else values[0]


def unit_of(row: ObjectRow, one: ObjectId, found: Found) -> tuple[Unit | None, bool]:
    """The unit of an object's value, None where it is of another kind; and whether it is only supposed."""
    said = first(found, Ref(one, UNITS))
    if isinstance(said, int) and said != NO_UNITS:
        return KNOWN_UNITS.get(said, {}).get(row.kind), False
    if row.unit is not None:
        return KNOWN_UNITS[row.unit][row.kind], False
    plain = KNOWN_UNITS[NO_UNITS].get(row.kind)
    return plain or Unit("supposed"), plain is None


def _text(found: Found, ref: Ref) -> str:
    value = first(found, ref)
    return value[:128] if isinstance(value, str) else ""
