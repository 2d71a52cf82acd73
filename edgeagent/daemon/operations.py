"""The operations that people may have done: each name, what it takes, and who does it."""

from collections.abc import Mapping

from edgeagent.core.ports import Handler
from edgeagent.model.errors import ActRefused

MAX_TEXT = 500
MAX_NUMBER = 1e15
Body = Mapping[str, object]


class OperationTable:
    """Implements the port Operations."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = handlers

    def perform(self, name: str, body: Body, by: str) -> Mapping[str, object]:
        """Have it done; see the port."""
        handler = self._handlers.get(name)
        if handler is None:
            raise ActRefused(f"cannot do {name}: this daemon can do {', '.join(sorted(self._handlers))}")
        return handler(body, by)


def text(body: Body, key: str, default: str | None = None) -> str:
    """A text of the body. Raises ActRefused."""
    value = body.get(key, default)
    if not isinstance(value, str) or len(value) > MAX_TEXT or not value.isprintable():
        raise ActRefused(f'cannot do it: "{key}" must be a text of at most {MAX_TEXT} characters')
    return value


def number(body: Body, key: str) -> float:
    """A finite number of the body. Raises ActRefused."""
    value = body.get(key)
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < MAX_NUMBER:
        return float(value)
    raise ActRefused(f'cannot do it: "{key}" must be a number')
