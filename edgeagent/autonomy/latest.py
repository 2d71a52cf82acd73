"""The last decision, for those who carry it out, tell it and show it."""

from dataclasses import dataclass

from edgeagent.model.decision import Decision
from edgeagent.model.intent import Output
from edgeagent.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Latest:
    """A decision, what it was made from, and what it comes to for the executor."""

    decision: Decision
    snapshot: Snapshot
    outputs: tuple[Output, ...]
