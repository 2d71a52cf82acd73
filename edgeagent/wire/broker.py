"""Where a broker is and how to reach it: the URL, the credentials and the settings that both ends share."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from edgeagent.config.reader import Reader
from edgeagent.config.secrets import Secret
from edgeagent.model.errors import LinkError

PORTS = {"mqtt": 1883, "mqtts": 8883}
PROTOCOLS = ("5", "3.1.1")


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
        reader.problem("certificate" if certificate else "key", "a certificate and its key go together")
    if password is not None and username is None:
        reader.problem("password", "a password without a username is never sent")
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
    example = "mqtt://noc.example:1883 or mqtts://noc.example:8883"
    text = reader.text("broker")
    parts = urlsplit(text)
    try:
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        port = 0
    extra = parts.path.strip("/") or parts.query or parts.fragment or parts.username
    if text and (parts.scheme not in PORTS or not parts.hostname or not port or extra):
        reader.problem("broker", f"cannot use {text[:80]!r} as a broker's address", example)
    return parts.scheme == "mqtts", parts.hostname or "", port
