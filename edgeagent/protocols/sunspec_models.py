"""SunSpec model definitions: which point stands where, of which type, by which scale factor.

They are data of the SunSpec Alliance (Apache-2.0) in ``sunspec_models.json``, which `scripts/sunspec_models.py` makes.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any

HEADER = 2
"""Registers of a model before its first point: its ID and its length."""


@dataclass(frozen=True, slots=True)
class PointDef:
    """One point. ``offset`` counts registers from the ID register, or from where its repetition begins.

    ``scale`` is the name of the scale factor's point, or a fixed exponent.
    """

    name: str
    type: str
    offset: int
    size: int
    scale: str | int | None = None
    unit: str | None = None
    writable: bool = False
    mandatory: bool = False
    codes: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Repeat:
    """Points that come again and again until the model ends: the inputs of an inverter, the strings of a battery."""

    start: int
    length: int
    points: Mapping[str, PointDef]


@dataclass(frozen=True, slots=True)
class Model:
    """One model: its fixed points by name, and what repeats behind them."""

    number: int
    label: str
    points: Mapping[str, PointDef]
    repeat: Repeat | None = None

    def repetitions(self, registers: int) -> int:
        """How often the repeating part stands in a model of so many registers, its header included."""
        if self.repeat is None:
            return 0
        return max(0, registers - self.repeat.start) // self.repeat.length

    def whole(self, registers: int) -> int:
        """The most registers, of so many, that cut no point and no repetition in two."""
        for point in self.points.values():
            if point.offset < registers < point.offset + point.size:
                return point.offset
        if self.repeat is not None and registers > self.repeat.start + self.repeat.length:
            return registers - (registers - self.repeat.start) % self.repeat.length
        return registers

    def place(self, name: str, repetition: int | None = None) -> tuple[PointDef, int]:
        """A point, and how many registers it stands behind the ID; repetitions count from 0. Raises KeyError."""
        if repetition is None:
            point = self.points[name]
            return point, point.offset
        if self.repeat is None:
            raise KeyError(name)
        point = self.repeat.points[name]
        return point, self.repeat.start + repetition * self.repeat.length + point.offset


class Models:
    """All models known to this release; ``file`` is another place to read them from."""

    def __init__(self, file: Traversable | None = None) -> None:
        self._file = file

    async def read(self) -> Mapping[int, Model]:
        """By number; who asks first has the file read, off the loop."""
        if "all" not in self.__dict__:
            await asyncio.to_thread(lambda: self.all)
        return self.all

    @cached_property
    def all(self) -> Mapping[int, Model]:
        """By number."""
        file = self._file or files("edgeagent.protocols") / "sunspec_models.json"
        read = json.loads(file.read_text(encoding="utf-8"))["models"]
        return MappingProxyType({int(number): _model(int(number), written) for number, written in read.items()})


def _model(number: int, written: Mapping[str, Any]) -> Model:
    repeat = written.get("repeat")
    return Model(
        number,
        written["label"],
        _points(written["points"]),
        None if repeat is None else Repeat(repeat["start"], repeat["length"], _points(repeat["points"])),
    )


def _points(rows: list[list[Any]]) -> Mapping[str, PointDef]:
    found = {}
    for name, kind, offset, size, scale, unit, writable, mandatory, codes in rows:
        words = MappingProxyType({int(code): word for code, word in codes.items()})
        found[name] = PointDef(name, kind, offset, size, scale, unit, writable, mandatory, words)
    return MappingProxyType(found)
