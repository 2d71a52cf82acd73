"""What stands in the place of a value that a card does not have."""

from __future__ import annotations

from collections.abc import Callable

from firmware_stubs.snmp_ber import Raw
from firmware_stubs.snmp_card import Card
from firmware_stubs.snmp_table import Setter

UNSIGNED_MINUS_1 = 0xFFFF_FFFF
LARGEST_SIGNED = 0x7FFF_FFFF
Number = Callable[[], int]


def unless_lost(card: Card, read: Number, otherwise: int) -> Number:
    """A value that goes with the card's sensors."""
    return lambda: otherwise if card.sensors_lost else read()


def unless_gone(card: Card, read: Number, otherwise: int) -> Number:
    """A value that goes with the card's probe, too."""
    return lambda: otherwise if card.probe_gone else read()


def fahrenheit(temperature_c: float) -> float:
    """The same temperature."""
    return temperature_c * 1.8 + 32.0


def tenths(temperature_c: float, card: Card) -> int:
    """Tenths of the degrees that the card is switched to."""
    return round((fahrenheit(temperature_c) if card.fahrenheit else temperature_c) * 10)


def number_in(low: int, high: int, write: Callable[[int], object]) -> Setter:
    """A setter that takes the numbers of a range."""

    def accepts(value: Raw) -> bool:
        return isinstance(value, int) and low <= value <= high

    def given(value: Raw) -> None:
        assert isinstance(value, int)
        write(value)

    return Setter(accepts, given)


def one_of(acts: dict[int, Callable[[], object]]) -> Setter:
    """A setter that does one thing for each of these numbers."""
    return number_of(tuple(acts), lambda value: acts[value]())


def number_of(known: tuple[int, ...], write: Callable[[int], object]) -> Setter:
    """A setter that takes these numbers."""

    def given(value: Raw) -> None:
        assert isinstance(value, int)
        write(value)

    return Setter(lambda value: value in known, given)


def zero_resets(reset: Callable[[], None]) -> Setter:
    """A counter that takes 0, and nothing else."""
    return number_of((0,), lambda _: reset())
