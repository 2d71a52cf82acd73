"""Lines of the kernel's log that speak of hardware in trouble: which device, how bad, and what kind of driver reads it.

The record format is that of Documentation/ABI/testing/dev-kmsg. Meanings of Xid numbers: NVIDIA, "XID Errors" (r555).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from edgeagent.model.decision import Severity

_RECORD = re.compile(r"(\d{1,6}),(\d{1,20}),(\d{1,20}),[^;]*;(.*)")
_LEVELS = 8
_BDF = r"([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])"
GPU, DISK, LINK, HOST = "gpu", "disk", "link", "host"

XIDS: Mapping[int, tuple[Severity, str]] = MappingProxyType(
    {
        13: ("warning", "graphics engine exception, often of the application"),
        31: ("warning", "memory page fault, often of the application"),
        43: ("warning", "a process was stopped"),
        45: ("warning", "a process was cleaned up"),
        48: ("major", "double-bit memory error"),
        62: ("major", "internal micro-controller halted"),
        63: ("major", "memory row is to be remapped"),
        64: ("critical", "memory row could not be remapped"),
        74: ("major", "NVLink error"),
        79: ("critical", "the GPU has fallen off the bus"),
        92: ("minor", "many single-bit memory errors"),
        94: ("major", "contained memory error"),
        95: ("critical", "uncontained memory error"),
        119: ("major", "the GPU's system processor does not answer"),
        120: ("major", "the GPU's system processor failed"),
    }
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a line says; ``driver`` is the word of the drivers that read such a device."""

    word: str
    subject: str
    severity: Severity
    text: str
    driver: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """A kind of line, and what it means."""

    shape: re.Pattern[str]
    meaning: Callable[[re.Match[str], str], Trouble]


def trouble(record: str) -> Trouble | None:
    """What a record of /dev/kmsg says of hardware in trouble; None of any other, and of what a program wrote there."""
    match = _RECORD.match(record)
    if match is None or int(match[1]) >= _LEVELS:  # facility 0 is the kernel's own
        return None
    text = match[4].strip()[:400]
    for pattern in PATTERNS:
        found = pattern.shape.search(text)
        if found is not None:
            return pattern.meaning(found, text)
    return None


def _xid(match: re.Match[str], text: str) -> Trouble:
    number = int(match[2])
    severity, meaning = XIDS.get(number, ("minor", "see NVIDIA's list"))
    return Trouble(f"gpu.xid.{number}", match[1].lower(), severity, f"Xid {number} ({meaning}): {text}", GPU)


def _as(word: str, severity: Severity, driver: str) -> Callable[[re.Match[str], str], Trouble]:
    return lambda match, text: Trouble(word, match[1] if match.re.groups else "", severity, text, driver)


def _edac(match: re.Match[str], text: str) -> Trouble:
    severity: Severity = "critical" if match[2] == "UE" else "minor"
    return Trouble(f"memory.{match[2].lower()}", match[1], severity, text, HOST)


def _aer(match: re.Match[str], text: str) -> Trouble:
    severity: Severity = "minor" if match[1] == "Corrected" else "critical" if match[2] == "Fatal" else "major"
    subject = re.search(_BDF + r"$", text)
    return Trouble(f"pcie.{match[1].lower()}", subject[1] if subject else "", severity, text, LINK)


PATTERNS: tuple[Pattern, ...] = tuple(
    Pattern(re.compile(shape), meaning)
    for shape, meaning in (
        (r"NVRM: Xid \(PCI:([0-9A-Fa-f:.]+)\): (\d{1,4})", _xid),
        (r"NVRM: GPU at PCI:([0-9A-Fa-f:.]+): .*fallen off", _as("gpu.lost", "critical", GPU)),
        (r"amdgpu " + _BDF + r".*(?:GPU reset begin|ring \S+ timeout)", _as("gpu.reset", "major", GPU)),
        (r"(nvme\d+): controller is down", _as("disk.down", "critical", DISK)),
        (r"(nvme\d+): (?:Device not ready|Removing after probe failure)", _as("disk.lost", "critical", DISK)),
        (r"(nvme\d+): I/O .*timeout", _as("disk.timeout", "major", DISK)),
        (r"(?:critical medium|I/O|protection) error, dev (\w+)", _as("disk.error", "major", DISK)),
        (r"EXT4-fs error \(device ([\w-]+)\)", _as("disk.file_system", "critical", DISK)),
        (r"Remounting filesystem read-only", _as("disk.read_only", "critical", DISK)),
        (r"EDAC (\w+): \d+ (CE|UE) ", _edac),
        (r"mce: \[Hardware Error\]", _as("processor.error", "major", HOST)),
        (r"AER: (?:Multiple )?(Corrected|Uncorrected|Uncorrectable) (?:\((Fatal|Non-Fatal)\) )?error", _aer),
        (r"pcieport " + _BDF + r": .*link.*down", _as("pcie.down", "major", LINK)),
    )
)
