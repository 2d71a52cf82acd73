"""One SunSpec model of a simulated device: what it says, what may be written to it, and how both stand in registers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from firmware_stubs.sunspec_layout import BLANKS, Field, fields

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from firmware_stubs.sunspec_control import Setting

Value = float | str | None
S16_MAX = 32767


@dataclass
class Block:
    """One model of a device: what it says and what may be written to it.

    ``reads`` give numbers in the model's unit, codes, texts, or None for "not implemented"; a scale factor is a number.
    ``writes`` take a number in the model's unit, or a code, and say whether they take it.
    """

    number: int
    text: str
    reads: dict[str, Callable[[], Value]] = field(default_factory=dict)
    writes: dict[str, Callable[[float], bool]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.fields = fields(self.text)
        self.size = self.fields[-1].offset + self.fields[-1].size

    def registers(self) -> list[int]:
        """All of them now, the header first."""
        found = [self.number, self.size - 2]
        for one in self.fields:
            found += self._words(one)
        return found

    def covered(self, offset: int, count: int) -> list[Field] | None:
        """The points that a write of these registers sets; None where it cuts one, or sets one that takes nothing."""
        inside = [one for one in self.fields if offset <= one.offset and one.offset + one.size <= offset + count]
        if sum(one.size for one in inside) != count or any(one.name not in self.writes for one in inside):
            return None
        return inside

    def write(self, one: Field, words: Sequence[int]) -> bool:
        """Set one point; whether the device takes it."""
        number = 0
        for word in words:
            number = number << 16 | word
        if one.type.startswith("s") and number >> (16 * one.size - 1):
            number -= 1 << 16 * one.size
        return self.writes[one.name](number * 10.0 ** self._exponent(one))

    def _words(self, one: Field) -> list[int]:
        value = self.reads.get(one.name, lambda: None)()
        if one.type.startswith("str"):
            raw = str(value or "").encode()[: 2 * one.size].ljust(2 * one.size, b"\0")
            return [int.from_bytes(raw[at : at + 2], "big") for at in range(0, len(raw), 2)]
        if value is None:
            code = BLANKS[one.type]
        else:
            code = round(float(value) / 10.0 ** self._exponent(one)) & ((1 << 16 * one.size) - 1)
        return [code >> shift & 0xFFFF for shift in range(16 * one.size - 16, -1, -16)]

    def _exponent(self, one: Field) -> int:
        value = self.reads[one.scale]() if one.scale in self.reads else 0
        return int(value or 0)


def says(block: Block, read: Callable[[], Value], *names: str) -> None:
    """These points say this."""
    for name in names:
        block.reads[name] = read


def scales(block: Block, **exponents: int) -> None:
    """Scale factors that never change."""
    for name, exponent in exponents.items():
        block.reads[name] = constant(exponent)


def power(block: Block, scale: str, watts: Callable[[], float], *names: str) -> None:
    """A power under a scale factor that fits it now."""
    says(block, watts, *names)
    says(block, lambda: fitting(watts()), scale)


def fitting(value: float) -> int:
    """The finest scale factor by which the value fits a signed register."""
    exponent = -2
    while abs(value) / 10.0**exponent > S16_MAX:
        exponent += 1
    return exponent


def sets(block: Block, setting: Setting, *, value: str, enable: str, time: str) -> None:
    """The points by which a setting is set; without reversion the timer says "not implemented" and takes nothing."""
    says(block, lambda: setting.value, value)
    says(block, lambda: 1 if setting.enabled else 0, enable)
    block.writes[value], block.writes[enable] = setting.set_value, setting.enable
    if setting.has_reversion:
        says(block, lambda: setting.timer.time_s, time)
        block.writes[time] = setting.set_time


def constant(value: Value) -> Callable[[], Value]:
    """Always this."""
    return lambda: value
