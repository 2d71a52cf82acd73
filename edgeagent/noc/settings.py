"""The ``[noc]`` table: the central end's broker, key and database."""

from dataclasses import dataclass
from pathlib import Path

from edgeagent.config.reader import Reader
from edgeagent.wire import broker
from edgeagent.wire.broker import Broker


@dataclass(frozen=True, slots=True)
class NocSettings:
    """``key`` signs acknowledgements; ``commit_s`` is how long messages gather for one commit; ``ack_every_s`` is the
    least time between two acknowledgements of one stream of one pod.
    """

    broker: Broker
    key: Path
    database: Path
    client_id: str = "edgepod-noc"
    commit_s: float = 0.05
    ack_every_s: float = 0.2
    most_pods: int = 10_000


def parse(reader: Reader) -> NocSettings:
    """The settings in ``[noc]``; mistakes go to ``reader.problems``."""
    return NocSettings(
        broker=broker.parse(reader),
        key=reader.file("signing_key"),
        database=reader.file("database"),
        client_id=reader.text("client_id", "edgepod-noc", pattern="[A-Za-z0-9-]+", max_length=64),
        commit_s=reader.duration_s("commit_every", 0.05, minimum=0, maximum=5),
        ack_every_s=reader.duration_s("ack_every", 0.2, minimum=0, maximum=60),
        most_pods=reader.integer("most_pods", 10_000, minimum=1, maximum=1_000_000),
    )
