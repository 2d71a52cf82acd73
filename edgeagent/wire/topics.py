"""Topics: the names under which a pod and its NOC meet, and which way, at which QoS and how kept each travels.

``CHANNELS`` is the whole table; a new channel is one row here and one in ``asyncapi.yaml``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from edgeagent.model.errors import WireError

ROOT = "edgepod/v1"
MAX_NAME = 63
_NAME = re.compile(r"[a-z0-9-]{1,63}")
_SHOWN = 80  # characters of a hostile topic that a message repeats


class Leaf(StrEnum):
    """What follows ``edgepod/v1/<site>/<pod>/``."""

    PRESENCE = "presence"
    JOURNAL = "journal"
    JOURNAL_ACK = "journal/ack"


class Way(StrEnum):
    """Who publishes."""

    FROM_POD = "from the pod"
    TO_POD = "to the pod"


@dataclass(frozen=True, slots=True)
class Channel:
    """How messages of one leaf travel."""

    way: Way
    qos: int
    retain: bool


CHANNELS: Mapping[Leaf, Channel] = MappingProxyType(
    {
        Leaf.PRESENCE: Channel(Way.FROM_POD, qos=1, retain=True),
        Leaf.JOURNAL: Channel(Way.FROM_POD, qos=1, retain=False),
        Leaf.JOURNAL_ACK: Channel(Way.TO_POD, qos=1, retain=False),
    }
)


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """A pod's place in the fleet; its text is ``<site>/<pod>``.

    Raises:
        WireError: a part is not 1-63 of ``[a-z0-9-]``: it would not be one level of a topic and of an access list.
    """

    site: str
    pod: str

    def __post_init__(self) -> None:
        for name in (self.site, self.pod):
            if not _NAME.fullmatch(name):
                raise WireError(f"cannot use {name[:_SHOWN]!r} as a site or pod name: 1-{MAX_NAME} of a-z, 0-9 and -")

    def __str__(self) -> str:
        return f"{self.site}/{self.pod}"

    def topic(self, leaf: Leaf) -> str:
        """The topic of this pod's channel."""
        return f"{ROOT}/{self.site}/{self.pod}/{leaf}"


def parse(topic: str) -> tuple[Address, Leaf]:
    """Whose topic it is, and which channel.

    Raises:
        WireError: it is not a topic of the table.
    """
    parts = topic.split("/", 4)
    if len(parts) == 5 and parts[:2] == ROOT.split("/") and parts[4] in frozenset(Leaf):
        return Address(parts[2], parts[3]), Leaf(parts[4])
    raise WireError(f"cannot use the topic {topic[:_SHOWN]!r}: it is not {ROOT}/<site>/<pod>/<known name>")


def everyones(leaf: Leaf) -> str:
    """The filter that matches this channel of every pod."""
    return f"{ROOT}/+/+/{leaf}"
