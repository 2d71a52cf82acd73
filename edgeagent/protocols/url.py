"""What the addresses of all protocols have in common."""

from urllib.parse import SplitResult


def place(host: str, port: int) -> str:
    """Host and port, as they are written in a URL."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def port_of(parts: SplitResult, default: int) -> int:
    """The port, or the protocol's own where none is given. Raises ValueError with what is wrong with it."""
    try:
        port = default if parts.port is None else parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError("cannot use this port: must be a whole number from 1 to 65535")
    return port
