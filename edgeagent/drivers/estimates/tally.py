"""A relation's standing: one bad sight proves little, and neither does one good one."""

GROSS = 2.0
"""So many times beyond its band is no matter of moments: a scale is wrong."""
BROKEN_AT, GROSS_AT = 3, 2
CLEAR_AT = 3


class Tally:
    """Whether a relation is broken (True), holds (False), or was never seen (None)."""

    __slots__ = ("_against", "_gross", "_held", "broken")

    def __init__(self) -> None:
        self.broken: bool | None = None
        self._against = self._gross = self._held = 0

    def see(self, off: float) -> None:
        """One sight: ``off`` is how many times beyond its band, 1 within; below 1 does not happen."""
        if off <= 1.0:
            if self.broken is False and not self._against:
                return
            self._held += 1
            self._against = self._gross = 0
            if not self.broken or self._held >= CLEAR_AT:
                self.broken = False
            return
        self._against += 1
        self._gross += off >= GROSS
        self._held = 0
        gross_at = 1 if self.broken is None else GROSS_AT  # a scale is wrong from the first reading on
        if self._against >= BROKEN_AT or self._gross >= gross_at:
            self.broken = True
