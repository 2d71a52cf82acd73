"""Events: facts that happened once, as against an Alarm, which stands."""

from dataclasses import dataclass
from typing import Literal

from edgeagent.model.decision import Severity

Weight = Severity | Literal["info"]
"""How much an event matters; ``info`` where nothing is wrong."""


@dataclass(frozen=True, slots=True)
class Event:
    """A fact that was told to the agent.

    ``origin`` is who told it (``kernel log``), ``word`` what kind it is (``gpu.xid.79``), ``subject`` whom it is about,
    in the words of who told it (``0000:3b:00``), ``text`` what people read; ``time_s`` is CLOCK_BOOTTIME of hearing it.
    """

    origin: str
    word: str
    subject: str
    text: str
    severity: Weight
    time_s: float
