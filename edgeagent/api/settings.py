"""The ``[api]`` table."""

import ipaddress
from dataclasses import dataclass

from edgeagent.config.reader import Reader
from edgeagent.config.tree import quoted


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """Where the loopback listener stands; port 0 takes a free one, ``enabled`` false leaves only the Unix socket."""

    enabled: bool
    host: str
    port: int
    operators: tuple[str, ...] = ()
    """Users who may act over the Unix socket, beside root and the daemon's own user."""


def parse(reader: Reader) -> ApiSettings:
    """The settings in ``[api]``; mistakes go to ``reader.problems``."""
    enabled = reader.boolean("enabled", True)
    host = reader.text("host", "127.0.0.1")
    port = reader.integer("port", 9273, minimum=0, maximum=65535)
    if not _is_loopback(host):
        reader.problem(
            "host",
            f"cannot use {quoted(host)}: must be a loopback address such as 127.0.0.1 or ::1; a reverse proxy with "
            "authentication can carry it further",
        )
    return ApiSettings(enabled, host, port, reader.texts("operators"))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
