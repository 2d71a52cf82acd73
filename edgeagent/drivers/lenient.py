"""An agent of which single questions may fail: for who meets a device that nobody has described."""

from collections.abc import Awaitable, Sequence

from edgeagent.model.errors import DeviceError, DeviceGarbled, DeviceRefused
from edgeagent.protocols.profile_rows import Agent
from edgeagent.protocols.snmp import MAX_ROWS, Raw

MAX_SILENCES = 3
"""So many questions may get no answer; then the device is called dead."""


class Lenient:
    """An Agent that takes no sensible answer for none. ``failures`` says what was missed, each once.

    Raises DeviceError after ``MAX_SILENCES`` silences, and what an agent refuses.
    """

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._silences = 0
        self.failures: dict[str, None] = {}

    async def get(self, oids: Sequence[str]) -> dict[str, Raw]:
        """The values of those objects that exist."""
        return await self._tried(self._agent.get(oids)) if oids else {}

    async def walk(self, prefix: str, max_rows: int = MAX_ROWS) -> dict[str, Raw]:
        """The objects below a prefix."""
        return await self._tried(self._agent.walk(prefix, max_rows))

    async def _tried(self, asking: Awaitable[dict[str, Raw]]) -> dict[str, Raw]:
        try:
            return await asking
        except DeviceRefused:
            raise
        except DeviceError as error:
            self._silences += not isinstance(error, DeviceGarbled)
            if self._silences >= MAX_SILENCES:
                raise
            self.failures[str(error)] = None
            return {}
