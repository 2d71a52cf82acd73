"""What a disk says of its health, from an NVMe log page or from smartctl's JSON, in the same words."""

from collections.abc import Mapping
from typing import Any

import msgspec

PAGE_BYTES = 512
KELVIN = 273
UNIT_BYTES = 512_000
"""A data unit is a thousand blocks of 512 bytes (NVM Express Base Specification 2.0, figure 207)."""
HOUR_S = 3600
HIGHEST = 2**63


class Smart(msgspec.Struct, frozen=True):
    """One disk's health; None is "it does not say".

    ``wear_percent`` is the share of its rated writes that is used up, and may exceed 100.
    """

    healthy: bool | None = None
    temperature_c: int | None = None
    wear_percent: int | None = None
    spare_percent: int | None = None
    media_errors: int | None = None
    written_bytes: int | None = None
    power_on_s: int | None = None
    unsafe_shutdowns: int | None = None
    source: str = ""


def of_log_page(page: bytes) -> Smart:
    """The SMART / Health Information log (NVM Express Base Specification 2.0, figure 207).

    Raises:
        ValueError: it is not 512 bytes long, or all of it is zero.
    """
    if len(page) != PAGE_BYTES or not any(page):
        raise ValueError(f"a health log of {len(page)} bytes that says nothing is none")

    def number(begin: int, end: int) -> int:
        return int.from_bytes(page[begin:end], "little")

    kelvin = number(1, 3)
    return Smart(
        healthy=page[0] == 0,
        temperature_c=kelvin - KELVIN if kelvin else None,
        wear_percent=page[5],
        spare_percent=page[3],
        media_errors=_sane(number(160, 176)),
        written_bytes=_sane(number(48, 64) * UNIT_BYTES),
        power_on_s=_sane(number(128, 144) * HOUR_S),
        unsafe_shutdowns=_sane(number(144, 160)),
        source="NVMe log page 2",
    )


def of_smartctl(content: bytes) -> Smart:
    """The output of ``smartctl --json -i -H -A``, of NVMe, ATA and SCSI disks.

    Raises:
        ValueError: it is not JSON, or tells nothing of the disk.
    """
    try:
        told = msgspec.json.decode(content)
    except msgspec.DecodeError as error:
        raise ValueError(f"the answer of smartctl is no JSON: {error}") from None
    if not isinstance(told, dict) or not ({"smart_status", "temperature", "power_on_time"} & told.keys()):
        raise ValueError(f"smartctl tells nothing of the disk: {_messages(told)}")
    nvme = "nvme_smart_health_information_log"
    hours, units = _number(told, "power_on_time", "hours"), _number(told, nvme, "data_units_written")
    passed = _at(told, "smart_status", "passed")
    return Smart(
        healthy=passed if isinstance(passed, bool) else None,
        temperature_c=_number(told, "temperature", "current"),
        wear_percent=_first(_number(told, nvme, "percentage_used"), _number(told, "endurance_used", "current_percent")),
        spare_percent=_first(
            _number(told, nvme, "available_spare"), _number(told, "spare_available", "current_percent")
        ),
        media_errors=_first(_number(told, nvme, "media_errors"), _reallocated(told)),
        written_bytes=None if units is None else _sane(units * UNIT_BYTES),
        power_on_s=None if hours is None else _sane(hours * HOUR_S),
        unsafe_shutdowns=_number(told, nvme, "unsafe_shutdowns"),
        source="smartctl",
    )


def _at(told: Any, *keys: str) -> Any:
    for key in keys:
        told = told.get(key) if isinstance(told, Mapping) else None
    return told


def _number(told: Any, *keys: str) -> int | None:
    found = _at(told, *keys)
    return _sane(found) if isinstance(found, int) and not isinstance(found, bool) else None


def _sane(number: int) -> int | None:
    """A count of 128 bits that no disk lives to see is none."""
    return number if 0 <= number < HIGHEST else None


def _first(*numbers: int | None) -> int | None:
    return next((number for number in numbers if number is not None), None)


def _reallocated(told: Any) -> int | None:
    """ATA attribute 5, sectors that were replaced."""
    table = _at(told, "ata_smart_attributes", "table")
    for row in table if isinstance(table, list) else ():
        if _at(row, "id") == 5:
            return _number(row, "raw", "value")
    return None


def _messages(told: Any) -> str:
    found = _at(told, "smartctl", "messages")
    return "; ".join(str(_at(one, "string")) for one in found) if isinstance(found, list) else "no message"
