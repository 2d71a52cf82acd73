"""What a Redfish service answers: status, headers, body; and what its error bodies say (DSP0266)."""

from dataclasses import dataclass

import msgspec

from edgeagent.model.errors import DeviceUnreachable

MAX_MESSAGE = 160
LONGEST_WAIT_S = 9999.0
FIRST_WAIT_S = 0.1


class NotSent(DeviceUnreachable):
    """There is no connection, or no session: nothing was asked."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def said(self) -> str:
        """The status, and the service's own words where it has some."""
        words = "".join(char for char in self._message() if char.isprintable())[:MAX_MESSAGE]
        return f"{self.status}: {words}" if words else str(self.status)

    @property
    def wait_s(self) -> float:
        """After how long it may be asked again."""
        text = self.headers.get("retry-after", "")
        if text.isascii() and text.isdigit():
            return min(float(text[:5]), LONGEST_WAIT_S)
        return FIRST_WAIT_S

    def _message(self) -> str:
        try:
            error = msgspec.json.decode(self.body)["error"]
            told = error.get("@Message.ExtendedInfo") or [{}]
            return str(told[0].get("Message") or error.get("message") or "")
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, LookupError, TypeError, AttributeError):
            return ""
