"""The fleet in memory: the pods by number, and what is held of each of their streams."""

import sqlite3
from collections import defaultdict
from dataclasses import dataclass, field, replace

from edgeagent.model.journal import Ack, Stream
from edgeagent.noc.chain import Followed
from edgeagent.noc.coverage import Coverage, CoverKey
from edgeagent.wire.frame import STREAM_CODES
from edgeagent.wire.topics import Address

_STREAMS: dict[int, Stream] = {code: stream for stream, code in STREAM_CODES.items()}


@dataclass(slots=True)
class Changes:
    """What one transaction did: to be adopted when it is committed, so that memory never says more than the disk."""

    pods: dict[Address, int] = field(default_factory=dict)
    covers: dict[CoverKey, Coverage] = field(default_factory=dict)
    chains: dict[int, Followed] = field(default_factory=dict)
    touched: set[CoverKey] = field(default_factory=set)
    """What somebody is owed an acknowledgement of."""
    records: int = 0
    duplicates: int = 0
    conflicts: int = 0
    refused: dict[str, int] = field(default_factory=dict)


class Fleet:
    """What is known of all pods."""

    def __init__(self, most_pods: int) -> None:
        self.pods: dict[Address, int] = {}
        self.addresses: dict[int, Address] = {}
        self.covers: dict[CoverKey, Coverage] = {}
        self.epochs: dict[tuple[int, Stream], set[int]] = defaultdict(set)
        """Which epochs of each stream ``covers`` has."""
        self.chains: dict[int, Followed] = {}
        self.most_pods = most_pods

    def load(self, connection: sqlite3.Connection) -> None:
        """Read what an earlier process left."""
        for number, site, name in connection.execute("SELECT id, site, name FROM pod"):
            self._know(Address(site, name), number)
        for pod, code, epoch, first, last in connection.execute("SELECT pod, stream, epoch, first, last FROM held"):
            self._cover(pod, code, epoch).held.add(first, last)
        for pod, code, epoch, first, last in connection.execute("SELECT pod, stream, epoch, first, last FROM gap"):
            self._cover(pod, code, epoch).gaps.add(first, last)
        for pod, code, epoch, last in connection.execute("SELECT pod, stream, epoch, last FROM epoch_end"):
            self._cover(pod, code, epoch).end = last
        for pod, *place in connection.execute("SELECT pod, epoch, sequence, head, breaks FROM chain"):
            self.chains[pod] = Followed(*place)

    def adopt(self, changes: Changes) -> None:
        """The transaction is committed: what it did is so."""
        for address, number in changes.pods.items():
            self._know(address, number)
        for key, cover in changes.covers.items():
            self._set(key, cover)
        self.chains.update(changes.chains)

    def ack(self, key: CoverKey) -> Ack:
        """What to tell a pod of one epoch of one of its streams."""
        pod, stream, epoch = key
        ack = self.covers[key].ack(str(self.addresses[pod]), stream, epoch)
        chain = self.chains.get(pod) if stream is Stream.AUDIT else None
        known = chain is not None and (chain.epoch, chain.sequence) == (epoch, ack.watermark)
        return replace(ack, audit_head=chain.head.hex()) if known and chain is not None else ack

    def _know(self, address: Address, number: int) -> None:
        self.pods[address] = number
        self.addresses[number] = address

    def _cover(self, pod: int, code: int, epoch: int) -> Coverage:
        key = (pod, _STREAMS[code], epoch)
        if key not in self.covers:
            self._set(key, Coverage())
        return self.covers[key]

    def _set(self, key: CoverKey, cover: Coverage) -> None:
        pod, stream, epoch = key
        self.covers[key] = cover
        self.epochs[pod, stream].add(epoch)
