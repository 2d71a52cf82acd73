"""The audit chain: each head is SHA-256 over the head before it and the record's bytes, so no record can be changed,
left out or put in without changing every head after it.

Every record of the stream is a link, also those that open an epoch. ``GENESIS`` stands before the first.
"""

import hashlib
from collections.abc import Iterable

GENESIS = bytes(32)


def link(head: bytes, content: bytes) -> bytes:
    """The head after one more record."""
    return hashlib.sha256(head + content).digest()


def extend(head: bytes, contents: Iterable[bytes]) -> bytes:
    """The head after several more records, in their order."""
    for content in contents:
        head = link(head, content)
    return head
