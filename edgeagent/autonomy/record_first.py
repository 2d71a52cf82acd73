"""The record before the write: the permit of an act whose audit record is on its way to the disk."""

import asyncio

from edgeagent.model.intent import Rank

LATE_S = 0.05
"""How long an act of the first three ranks waits for its record on the disk; then it goes first and is called late."""


class RecordFirst:
    """``late`` when the act went before its record, ``refused`` when it was not let go at all."""

    def __init__(self, recording: "asyncio.Task[object]", rank: Rank) -> None:
        self.late = False
        self.refused = False
        self._recording = recording
        self._may_be_late = rank <= Rank.SURVIVAL

    async def permit(self) -> str:
        """Why the act may not be written, or nothing; returns when the record stands, or when that is waited for."""
        recording = self._recording
        await asyncio.wait([recording], timeout=LATE_S if self._may_be_late else None)
        if recording.done() and recording.exception() is None:
            return ""
        self.late = self._may_be_late
        self.refused = not self._may_be_late
        return f"not done: it could not be recorded first ({recording.exception()})" if self.refused else ""
