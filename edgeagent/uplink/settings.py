"""The ``[uplink]`` table."""

from dataclasses import dataclass
from pathlib import Path

from edgeagent.config.reader import Reader
from edgeagent.wire import broker
from edgeagent.wire.broker import Broker


@dataclass(frozen=True, slots=True)
class UplinkSettings:
    """How the journal reaches the NOC. ``window`` counts frames that the NOC has not acknowledged, live and backlog
    each; ``ack_timeout_s`` is how long one may stay so before it is sent again.
    """

    broker: Broker
    keyring: Path
    window: int = 20
    backlog_bytes_per_s: int = 1024 * 1024
    backlog_jitter_s: float = 5.0
    ack_timeout_s: float = 10.0
    retry_first_s: float = 1.0
    retry_last_s: float = 60.0


def parse(reader: Reader) -> UplinkSettings:
    """The settings in ``[uplink]``; mistakes go to ``reader.problems``."""
    return UplinkSettings(
        broker=broker.parse(reader),
        keyring=reader.file("keyring"),
        window=reader.integer("window", 20, minimum=1, maximum=200),
        backlog_bytes_per_s=reader.size_bytes("backlog_per_s", 1024 * 1024, minimum=1024),
        backlog_jitter_s=reader.duration_s("backlog_jitter", 5.0, minimum=0, maximum=600),
        ack_timeout_s=reader.duration_s("ack_timeout", 10.0, minimum=1, maximum=3600),
        retry_first_s=reader.duration_s("retry_first", 1.0, minimum=0.1, maximum=60),
        retry_last_s=reader.duration_s("retry_last", 60.0, minimum=1, maximum=3600),
    )
