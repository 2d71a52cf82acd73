"""The site tables: ``[racks.*]``, ``[pdus.*]`` and ``[loads.*]`` → how power and air reach each load."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from edgeagent.config.reader import Reader
from edgeagent.model.points import DeviceId, PointId
from edgeagent.model.site import Load, Outlet, Rack, RackPdu, ServiceClass, Site

_CORD = re.compile(r"([a-z0-9-]+)/outlet\.(\d{1,4})")
_CORD_SHAPE = 'name a PDU and its outlet, as in "pdu-a1/outlet.3"'
_POINT = r"[a-z0-9-]+/[a-z0-9_.]+"
_POINT_SHAPE = 'be the name of a point, as in "pdu-a1/probe.1.temperature"'


def parse(root: Reader) -> Site:
    """The site; mistakes go to ``root.problems``."""
    racks = {name: _rack(name, reader) for name, reader in root.named_tables("racks").items()}
    pdus = {DeviceId(name): _pdu(name, reader, racks) for name, reader in root.named_tables("pdus").items()}
    taken: dict[Outlet, str] = {}
    loads = {name: _load(name, reader, racks, pdus, taken) for name, reader in root.named_tables("loads").items()}
    feeds = tuple(dict.fromkeys(pdu.feed for pdu in pdus.values()))
    return Site(feeds, MappingProxyType(racks), MappingProxyType(pdus), MappingProxyType(loads))


def _rack(name: str, reader: Reader) -> Rack:
    inlet = reader.optional_text("inlet", pattern=_POINT, shape=_POINT_SHAPE)
    return Rack(name, reader.text("aisle", ""), PointId(inlet) if inlet else None)


def _pdu(name: str, reader: Reader, racks: Mapping[str, Rack]) -> RackPdu:
    return RackPdu(DeviceId(name), reader.text("feed", max_length=32), _in_rack(reader, racks))


def _load(
    name: str,
    reader: Reader,
    racks: Mapping[str, Rack],
    pdus: Mapping[DeviceId, RackPdu],
    taken: dict[Outlet, str],
) -> Load:
    service_class = ServiceClass(reader.choice("class", [one.value for one in ServiceClass]))
    cords = []
    for text in reader.texts("cords", pattern=_CORD.pattern, shape=_CORD_SHAPE):
        match = _CORD.fullmatch(text)
        if match is None:
            continue  # said by the reader
        outlet = Outlet(DeviceId(match[1]), int(match[2]))
        if outlet.pdu not in pdus:
            reader.problem("cords", f"cannot use {outlet}: there is no [pdus.{outlet.pdu}]")
        elif outlet in taken:
            reader.problem("cords", f"cannot use {outlet}: {taken[outlet]} has it already")
        taken.setdefault(outlet, name)
        cords.append(outlet)
    return Load(name, service_class, _in_rack(reader, racks), tuple(cords))


def _in_rack(reader: Reader, racks: Mapping[str, Rack]) -> str:
    rack = reader.text("rack")
    if rack and rack not in racks:
        reader.problem("rack", f"cannot use {rack}: there is no [racks.{rack}]")
    return rack
