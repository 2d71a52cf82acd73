"""Where a broker is and how to reach it: the URL, the credentials and the settings that both ends share."""

import re
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from edgeagent.config.reader import Reader
from edgeagent.config.secrets import Secret
from edgeagent.config.tree import quoted
from edgeagent.model.errors import LinkError

PORTS = {"mqtt": 1883, "mqtts": 8883}
PROTOCOLS = ("5", "3.1.1")
_SHAPE = "must be mqtts://host:port or mqtt://host:port"
_ALIASES = {"tcp": "mqtt", "ssl": "mqtts", "tls": "mqtts", "http": "mqtt", "https": "mqtts"}


@dataclass(frozen=True, slots=True)
class Broker:
    """One broker; ``ca``, ``certificate`` and ``key`` are PEM files and only count with TLS."""

    host: str
    port: int
    tls: bool = False
    protocol: str = "5"
    username: str | None = None
    password: Secret | None = None
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = field(default=None, repr=False)
    keepalive_s: int = 20
    connect_timeout_s: float = 10.0

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'mqtts' if self.tls else 'mqtt'}://{host}:{self.port}"

    def tls_context(self) -> ssl.SSLContext | None:
        """What TLS wants, or None without TLS.

        Raises:
            LinkError: a certificate or key cannot be used.
        """
        if not self.tls:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise LinkError(f"cannot use the certificates for {self}: {error}") from error
        return context


def parse(reader: Reader) -> Broker:
    """The broker in a room's table; mistakes go to ``reader.problems``."""
    tls, host, port = _address(reader)
    username, certificate = reader.optional_text("username"), reader.optional_file("certificate")
    key = reader.optional_file("key")
    password = reader.secret("password")
    if (certificate is None) is not (key is None):
        reader.problem(
            "certificate" if certificate else "key", "cannot use one without the other: certificate and key go together"
        )
    if password is not None and username is None:
        reader.problem("password", "cannot use a password without a username: it would never be sent")
    return Broker(
        host=host,
        port=port,
        tls=tls,
        protocol=reader.choice("protocol", PROTOCOLS, "5"),
        username=username,
        password=password,
        ca=reader.optional_file("ca"),
        certificate=certificate,
        key=key,
        keepalive_s=round(reader.duration_s("keepalive", 20.0, minimum=2, maximum=600)),
        connect_timeout_s=reader.duration_s("connect_timeout", 10.0, minimum=1, maximum=60),
    )


def _address(reader: Reader) -> tuple[bool, str, int]:
    text = reader.text("broker")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:  # a port beyond 65535, a bracket left open
        if text:
            reader.problem("broker", f"cannot use this as a broker's address: {_SHAPE}")
        return False, "", 0
    wrong = _wrong(parts, host)
    if text and wrong:
        reader.problem("broker", wrong, _meant(text, parts, host))
    return parts.scheme == "mqtts", host, port


def _wrong(parts: SplitResult, host: str) -> str | None:
    """What is wrong with the URL. Never repeats it: it may hold a password."""
    if parts.username is not None:
        return "cannot use an address with a user in it: give username and password as keys of their own"
    if parts.scheme not in PORTS or not host:
        return f"cannot use this as a broker's address: {_SHAPE}"
    if parts.path.strip("/") or parts.query or parts.fragment:
        return "cannot use more than a host and a port; MQTT over WebSocket is not spoken"
    return None


def _meant(text: str, parts: SplitResult, host: str) -> str | None:
    """The address that was probably meant, from what other programs call these schemes."""
    if "@" in text:
        return None
    if "://" not in text and re.fullmatch(r"[A-Za-z0-9.-]+(:\d{1,5})?", text):
        return quoted(f"{'mqtt' if text.endswith(':1883') else 'mqtts'}://{text}")
    scheme = _ALIASES.get(parts.scheme, parts.scheme)
    port = f":{parts.port}" if parts.port else ""
    return quoted(f"{scheme}://{host}{port}") if scheme in PORTS and host else None
