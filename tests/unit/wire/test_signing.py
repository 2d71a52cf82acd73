"""Keys, tokens and acknowledgements: what is believed, and everything that is not."""

import base64
import json
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeagent.model.errors import ConfigError, SignatureInvalid, WireError
from edgeagent.model.journal import Ack, Stream
from edgeagent.wire import ack, jws
from edgeagent.wire.keyring import (
    Keyring,
    Role,
    load_keyring,
    load_signing_key,
    make_key,
    save_keyring,
    save_signing_key,
)
from edgeagent.wire.topics import Address

KEY, OTHER = make_key("noc-1"), make_key("noc-2")
RING = Keyring.of([KEY.trusted(Role.INGEST)])
POD = Address("site", "pod")
ACK = Ack("site/pod", Stream.TELEMETRY, 3, 100, ((102, 103), (200, 300)), "ab" * 32)


def b64(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def token(header: object, payload: bytes = b"{}", key=KEY) -> bytes:
    message = b64(json.dumps(header).encode()) + b"." + b64(payload)
    return message + b"." + b64(key.sign(message))


def head(**changes: object) -> dict[str, object]:
    return {"alg": "EdDSA", "kid": "noc-1", "typ": ack.TYPE, **changes}


def test_an_acknowledgement_is_read_back_as_it_was_signed():
    assert ack.verify(ack.sign(ACK, KEY, 1e9), RING, POD) == ACK


def test_the_token_is_a_compact_jws_that_anybody_can_check():
    header, payload, signature = ack.sign(ACK, KEY, 1e9).split(b".")
    assert json.loads(base64.urlsafe_b64decode(header + b"==")) == head()
    assert json.loads(base64.urlsafe_b64decode(payload + b"=="))["watermark"] == 100
    RING.keys["noc-1"].verify(base64.urlsafe_b64decode(signature + b"=="), header + b"." + payload)


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (ack.sign(ACK, OTHER, 1e9), "not in the keyring"),
        (token(head(), key=OTHER), "does not hold"),
        (token(head(alg="none")), "only EdDSA"),
        (token(head(alg="HS256")), "only EdDSA"),
        (token(head(typ="edgepod-command")), "as edgepod-ack"),
        (token(head(kid="noc-9")), "not in the keyring"),
        (token({"alg": "EdDSA", "kid": "noc-1"}), "header"),
        (token(head(crit=["x"], x=1)), "header"),
        (token(head(jwk={})), "header"),
        (token([]), "header"),
        (b"..", "header"),
        (b"a.b", "three parts"),
        (b"a.b.c.d", "three parts"),
        (b"x" * (jws.MAX_TOKEN_BYTES + 1), "at most"),
    ],
)
def test_a_forged_token_is_refused(bad, why):
    with pytest.raises(WireError, match=why):
        jws.verify(bad, RING, Role.INGEST, ack.TYPE)


def test_no_signature_at_all_is_refused():
    header = b64(json.dumps(head(alg="none")).encode())
    for end in (b"", b64(bytes(64))):
        with pytest.raises(SignatureInvalid):
            jws.verify(header + b"." + b64(b"{}") + b"." + end, RING, Role.INGEST, ack.TYPE)


def test_a_second_spelling_of_the_same_bytes_is_refused():
    good = ack.sign(ACK, KEY, 1e9)
    last = good[-1:]
    for spelling in (good + b"=", good + b"\n", b" " + good, good.replace(last, last + b"==")):
        with pytest.raises(WireError):
            ack.verify(spelling, RING, POD)


def test_a_key_without_the_role_is_refused():
    ring = Keyring.of([KEY.trusted()])
    with pytest.raises(SignatureInvalid, match="may sign as"):
        ack.verify(ack.sign(ACK, KEY, 1e9), ring, POD)


@pytest.mark.parametrize("pod", [Address("site", "other"), Address("other", "pod")])
def test_another_pods_acknowledgement_is_refused(pod):
    with pytest.raises(SignatureInvalid, match="this pod is"):
        ack.verify(ack.sign(ACK, KEY, 1e9), RING, pod)


@pytest.mark.parametrize(
    "ranges",
    [((50, 60),), ((101, 110),), ((200, 199),), ((200, 300), (250, 260)), ((200, 300), (301, 302)), ((1, 2**63),)],
)
def test_ranges_that_make_no_sense_are_refused(ranges):
    with pytest.raises(WireError):
        ack.verify(ack.sign(Ack("site/pod", Stream.AUDIT, 1, 100, ranges), KEY, 0), RING, POD)


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"stream": "other"},
        {"watermark": -1},
        {"watermark": True},
        {"watermark": 1.5},
        {"epoch": 2**64},
        {"ranges": [[k, k] for k in range(2, 260, 2)]},
        {"audit_head": "xyz"},
        {"more": 1},
    ],
)
def test_claims_that_are_not_an_acknowledgement_are_refused(changes):
    good = {"v": 1, "pod": "site/pod", "stream": "audit", "epoch": 1, "watermark": 0, "ranges": [], "iat": 0}
    claims = {**good, "audit_head": "", **changes}
    with pytest.raises(WireError):
        ack.verify(jws.sign(json.dumps(claims).encode(), KEY, ack.TYPE), RING, POD)


@given(st.binary(max_size=300), st.binary(max_size=100))
def test_no_bytes_break_the_verifier(raw, payload):
    spoilt = bytearray(ack.sign(ACK, KEY, 1e9))
    spoilt[len(raw) % len(spoilt)] ^= (len(payload) % 255) + 1
    for one in (raw, b64(raw) + b"." + b64(payload) + b".", bytes(spoilt), jws.sign(payload, KEY, ack.TYPE)):
        with pytest.raises(WireError):
            ack.verify(one, RING, POD)


def test_keys_come_back_from_their_files(tmp_path):
    save_signing_key(tmp_path / "key", KEY)
    save_keyring(tmp_path / "ring", Keyring.of([KEY.trusted(Role.INGEST), OTHER.trusted()]))
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    ring, key = load_keyring(tmp_path / "ring"), load_signing_key(tmp_path / "key")
    assert ack.verify(ack.sign(ACK, key, 0), ring, POD) == ACK
    assert set(ring.keys) == {"noc-1", "noc-2"}


def test_a_private_key_is_never_overwritten_or_shared(tmp_path):
    save_signing_key(tmp_path / "key", KEY)
    with pytest.raises(ConfigError, match="a key already"):
        save_signing_key(tmp_path / "key", OTHER)
    (tmp_path / "key").chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        load_signing_key(tmp_path / "key")


@pytest.mark.parametrize(
    "text",
    [
        "not toml =",
        "key = 3",
        '[[key]]\nkid = "a"',
        '[[key]]\nkid = "a"\nroles = []\npublic = "short"',
        '[[key]]\nkid = "a b"\nroles = []\npublic = "' + "A" * 43 + '"',
        '[[key]]\nkid = "a"\nroles = []\npublic = "' + "*" * 43 + '"',
        2 * ('[[key]]\nkid = "a"\nroles = []\npublic = "' + "A" * 43 + '"\n'),
    ],
)
def test_a_keyring_that_is_not_one_says_so(tmp_path, text):
    (tmp_path / "ring").write_text(text)
    with pytest.raises(ConfigError, match="cannot use"):
        load_keyring(tmp_path / "ring")


def test_an_empty_keyring_believes_nobody(tmp_path):
    (tmp_path / "ring").write_text("")
    with pytest.raises(SignatureInvalid):
        ack.verify(ack.sign(ACK, KEY, 0), load_keyring(tmp_path / "ring"), POD)
