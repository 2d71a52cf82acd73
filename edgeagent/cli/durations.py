"""Times as people give them on the command line: ``90 s``, ``15 min``, ``2 h``, ``1 d``, with or without the space."""

import re

from edgeagent.model.errors import ActRefused

_UNITS = {"s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_TIME = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d)")


def seconds_of(text: str) -> float:
    """The seconds of a time.

    Raises:
        ActRefused: it is no time.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ActRefused(f'cannot use "{text}": must be a time, as in "90 s", "15 min", "2 h" or "1 d"')
    return float(match[1]) * _UNITS[match[2]]
