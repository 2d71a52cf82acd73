"""Kinds of faults: what each does to the thing that has it, and how that thing is put back to health.

A kind is known by the word for what has it and by its own name: `("cdu", "leak")`. Each file of things adds its kinds;
`faults` puts them together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Option = float | bool | str
Options = Mapping[str, Option]
Act = Callable[[Any, Options], None]
Health = Callable[[Any], None]


class FaultError(ValueError):
    """A fault that cannot be: the message says what would do."""


def nothing(_: Any, __: Options) -> None:
    """Does nothing."""


@dataclass(frozen=True)
class Kind:
    """One kind. `act` is done while it is active, each time after all were put back to health; an instant one once."""

    act: Act
    options: Options = field(default_factory=dict)  # with their defaults
    instant: bool = False
    needs_end: bool = False
    end: Act = nothing  # done once when it is over
    check: Act = nothing  # raises FaultError when these options cannot be


@dataclass(frozen=True)
class Part:
    """A thing that faults can have; `word` says which kinds. A device may consist of several."""

    word: str
    thing: Any


Kinds = Mapping[tuple[str, str], Kind]


def number(options: Options, name: str) -> float:
    """An option that is a number."""
    return float(options[name])


def text(options: Options, name: str) -> str:
    """An option that is a text."""
    return str(options[name])
