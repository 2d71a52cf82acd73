"""Presence: a pod's retained word on whether it is there, and the last word that its broker says for it."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from edgeagent.model.errors import WireError

MAX_BYTES = 2048
_VERSION = 1


class Being(StrEnum):
    """Whether the pod is there."""

    ONLINE = "online"
    OFFLINE = "offline"


class Why(StrEnum):
    """Why it is not; a word of a later version is kept as text."""

    LINK_LOST = "link lost"
    """Said by the broker (the will): nobody took leave."""
    SHUTDOWN = "shutdown"
    STOP = "stop"
    BATTERY_END = "battery end"


class Presence(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One word; ``connected_s`` is CLOCK_BOOTTIME of ``boot_id`` when the connection was begun that speaks, so that
    the late will of an older connection is known as such. ``wall_s`` may be wrong.
    """

    state: Being
    boot_id: Annotated[str, Meta(max_length=64)]
    version: Annotated[str, Meta(max_length=64)]
    connected_s: Annotated[float, Meta(ge=0, le=1e12)]
    wall_s: Annotated[float, Meta(ge=0, le=1e12)]
    why: Annotated[str, Meta(max_length=64)] = ""
    v: Annotated[int, Meta(ge=1, le=1)] = _VERSION

    def supersedes(self, earlier: "Presence | None") -> bool:
        """Whether this word is news beside an earlier one: another boot, or the same connection or a later one."""
        return earlier is None or earlier.boot_id != self.boot_id or self.connected_s >= earlier.connected_s


_decoder = msgspec.json.Decoder(Presence)


def encode(presence: Presence) -> bytes:
    """The word as JSON."""
    return msgspec.json.encode(presence)


def decode(payload: bytes) -> Presence:
    """The word in these bytes.

    Raises:
        WireError: they are not a presence, or too long.
    """
    if len(payload) > MAX_BYTES:
        raise WireError(f"cannot read a presence of {len(payload)} bytes: at most {MAX_BYTES}")
    try:
        return _decoder.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"cannot read a presence: {error}") from error
