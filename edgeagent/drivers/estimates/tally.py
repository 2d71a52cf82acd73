"""A relation's standing: one bad sight proves little, and neither does one good one."""

GROSS = 2.0
"""So many times beyond its band is no matter of moments: a scale is wrong."""
BROKEN_AT, GROSS_AT = 6, 3
RELIEF = 2
"""A good sight takes back so many bad ones: power and current of different moments of a restless load."""
CLEAR_AT = 3


class Tally:
    """Whether a relation is broken (True), holds (False), or was never seen (None).

    ``gross_at`` gross sights one after the other break it, or twice as many bad ones as good ones relieve.
    """

    __slots__ = ("_against", "_gross", "_gross_at", "_held", "broken")

    def __init__(self, gross_at: int = GROSS_AT) -> None:
        self._gross_at = gross_at
        self.broken: bool | None = None
        self._against = self._gross = self._held = 0

    def see(self, off: float) -> None:
        """One sight: ``off`` is how many times beyond its band it is, 1 within."""
        if off <= 1.0:
            if self.broken is not False or self._against or self._gross:
                self._good()
            return
        self._against += 1
        self._gross = self._gross + 1 if off >= GROSS else 0
        self._held = 0
        if self._against >= BROKEN_AT or self._gross >= self._gross_at:
            self.broken = True

    def _good(self) -> None:
        self._held += 1
        self._against = max(0, self._against - RELIEF)
        self._gross = 0
        if not self.broken or self._held >= CLEAR_AT:
            self.broken, self._against = False, 0 if self.broken else self._against
