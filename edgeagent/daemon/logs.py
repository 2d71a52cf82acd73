"""Logs: JSON lines with journald's ``<N>`` priority on a service, readable lines on a terminal."""

import sys
from collections.abc import Mapping, MutableMapping
from types import MappingProxyType
from typing import Any, TextIO

import msgspec
import structlog

LEVELS: Mapping[str, int] = MappingProxyType({"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50})
PRIORITY: Mapping[str, str] = MappingProxyType(
    {"debug": "<7>", "info": "<6>", "warning": "<4>", "error": "<3>", "critical": "<2>"}
)
"""sd-daemon(3): the priority prefix of a line."""

Event = MutableMapping[str, Any]


class Threshold:
    """Drops what is below a level, which can change while loggers that were used before keep this object."""

    def __init__(self, level: str) -> None:
        self.level = level

    def __call__(self, _logger: object, method: str, event: Event) -> Event:
        """The event, if it is to be written."""
        if LEVELS.get(method, LEVELS["critical"]) < LEVELS[self.level]:
            raise structlog.DropEvent
        return event


def configure(level: str, stream: TextIO | None = None) -> None:
    """Set up structlog for this process, writing to ``stream`` (standard error)."""
    out = stream or sys.stderr
    processors: list[Any] = [Threshold(level), structlog.processors.add_log_level]
    processors += [structlog.processors.TimeStamper(fmt="iso", utc=True), structlog.processors.format_exc_info]
    processors.append(_person if out.isatty() else _journal)
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS["debug"]),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=True,
    )


def set_level(level: str) -> None:
    """Write from this level on, at once and in every logger of this process."""
    for processor in structlog.get_config()["processors"]:
        if isinstance(processor, Threshold):
            processor.level = level


def _journal(_logger: object, method: str, event: Event) -> str:
    return PRIORITY.get(method, "<6>") + msgspec.json.encode(dict(event), enc_hook=str).decode()


def _person(_logger: object, _method: str, event: Event) -> str:
    when, level, text = event.pop("timestamp", ""), event.pop("level", ""), event.pop("event", "")
    trace = event.pop("exception", "")
    facts = "  ".join(f"{key}={value}" for key, value in event.items())
    return f"{when[11:19]} {level:<8} {text:<36} {facts}".rstrip() + (f"\n{trace}" if trace else "")
