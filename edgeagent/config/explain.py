"""Where a value comes from: the place that won, the places it overrode, or the default."""

from collections.abc import Iterator
from dataclasses import dataclass

from edgeagent.config.ledger import Ledger
from edgeagent.config.tree import Node, Origin, dotted, shown


@dataclass(frozen=True, slots=True)
class Overridden:
    """A place whose value was replaced by a later file."""

    origin: Origin
    value: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """One key: its value as shown to people, and who set it; `origin` is None for a default."""

    path: str
    value: str
    origin: Origin | None
    overridden: tuple[Overridden, ...] = ()

    def __str__(self) -> str:
        first = f"{self.path} = {self.value}    ({self.origin or 'default'})"
        return "\n".join([first, *(f"    overrides {old.value} ({old.origin})" for old in self.overridden)])


def explain(path: str, root: Node, ledger: Ledger) -> tuple[Explanation, ...]:
    """Each key at or below `path`, written ones first and then defaults."""
    asked = {dotted(table, key) for table, keys in ledger.asked.items() for key in keys}
    written = [_written(node, asked, ledger) for node in _keys(root) if _at_or_below(node.path, path)]
    defaults = [
        Explanation(name, _shown_default(value), None)
        for name, value in sorted(ledger.defaults.items())
        if _at_or_below(name, path)
    ]
    return (*written, *defaults)


def _keys(node: Node) -> Iterator[Node]:
    """Every key that holds a value (arrays of plain values count as one) or that replaced something."""
    inner = node.table is not None or any(item.table is not None for item in node.array or ())
    if not inner or node.overridden:
        yield node
    if inner:
        for child in node.children:
            yield from _keys(child)


def _at_or_below(path: str, wanted: str) -> bool:
    return not wanted or path == wanted or path.startswith((wanted + ".", wanted + "["))


def _written(node: Node, asked: set[str], ledger: Ledger) -> Explanation:
    """What nobody reads is not shown either: it may be a password under a misspelt key."""
    veil = None if node.path in asked else "(nothing reads it)"
    if any(_at_or_below(node.path, secret) for secret in ledger.secrets):
        veil = "•••"
    old = tuple(Overridden(old.origin, veil or _shown(old)) for old in node.overridden)
    return Explanation(node.path, veil or _shown(node), node.origin, old)


def _shown(node: Node) -> str:
    if node.array is not None and all(item.scalar is not None for item in node.array):
        return "[" + ", ".join(shown(item) for item in node.array) + "]"
    return shown(node)


def _shown_default(value: object) -> str:
    return "none" if value is None else str(value)
