"""Acknowledgements: the NOC's signed word on what it holds, as a compact JWS on the ``journal/ack`` channel.

The signature binds the pod (``<site>/<pod>``), so that one pod's acknowledgement never deletes another's records.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from edgeagent.model.errors import SignatureInvalid, WireError
from edgeagent.model.journal import Ack, Stream
from edgeagent.wire import jws
from edgeagent.wire.frame import MAX_SEQUENCE
from edgeagent.wire.keyring import Keyring, Role, SigningKey
from edgeagent.wire.topics import Address

TYPE = "edgepod-ack"
MAX_RANGES = 64
_VERSION = 1

Sequence = Annotated[int, Meta(ge=0, le=MAX_SEQUENCE)]


class _Claims(msgspec.Struct, forbid_unknown_fields=True):
    v: int
    pod: Annotated[str, Meta(max_length=127)]
    stream: Stream
    epoch: Sequence
    watermark: Sequence
    ranges: Annotated[list[tuple[Sequence, Sequence]], Meta(max_length=MAX_RANGES)]
    audit_head: Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")]
    iat: Annotated[int, Meta(ge=0)]


_claims = msgspec.json.Decoder(_Claims)


def sign(ack: Ack, key: SigningKey, issued_s: float) -> bytes:
    """The signed token; ``issued_s`` is the NOC's wall time in seconds, for people."""
    ranges = list(ack.ranges)
    claims = _Claims(_VERSION, ack.pod, ack.stream, ack.epoch, ack.watermark, ranges, ack.audit_head, int(issued_s))
    return jws.sign(msgspec.json.encode(claims), key, TYPE)


def verify(token: bytes, keyring: Keyring, pod: Address) -> Ack:
    """The acknowledgement for this pod that a key with the role ``ingest`` signed.

    Raises:
        WireError: it is not a well-formed acknowledgement.
        SignatureInvalid: the signature, key or role does not hold, or it is for another pod.
    """
    claims = _decoded(jws.verify(token, keyring, Role.INGEST, TYPE))
    if claims.pod != str(pod):
        raise SignatureInvalid(f"cannot use an acknowledgement for {claims.pod!r}: this pod is {pod}")
    ranges = tuple(claims.ranges)
    if claims.v != _VERSION or not _ascending(claims.watermark, ranges):
        raise WireError("cannot read an acknowledgement: its version or its ranges make no sense")
    return Ack(claims.pod, claims.stream, claims.epoch, claims.watermark, ranges, claims.audit_head)


def _decoded(payload: bytes) -> _Claims:
    try:
        return _claims.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"cannot read an acknowledgement: {error}") from error


def _ascending(watermark: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    """Each range lies above all before it, and none touches the watermark."""
    end = watermark
    for first, last in ranges:
        if not end + 1 < first <= last:
            return False
        end = last
    return True
