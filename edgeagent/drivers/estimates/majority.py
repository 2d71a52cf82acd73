"""Which of several quantities is the wrong one: decided by the relations that hold and those that do not."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sight(Generic[T]):
    """One relation: between whom, and whether it is broken; None where it cannot be told."""

    members: frozenset[T]
    broken: bool | None


def culprits(sights: Iterable[Sight[T]]) -> frozenset[T]:
    """Who is wrong. One that is in every broken relation and in none that holds, if there is; else all suspects.

    A relation that holds clears its members: two of them are seldom wrong by the same factor. When that would clear
    everybody, nobody is cleared.
    """
    known = [one for one in sights if one.broken is not None]
    broken = [one.members for one in known if one.broken]
    if not broken:
        return frozenset()
    cleared = frozenset[T]().union(*(one.members for one in known if not one.broken))
    everywhere = frozenset[T].intersection(*broken) - cleared
    if everywhere:
        return everywhere
    anywhere = frozenset[T]().union(*broken)
    return anywhere - cleared or anywhere
