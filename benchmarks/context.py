"""What a benchmark is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Context:
    """A place to work, how long, and a way to say what happens."""

    root: Path
    """The checkout."""
    folder: Path
    """Scratch; gone afterwards."""
    rounds: int
    say: Callable[[str], None]

    @property
    def own_python(self) -> str:
        """The environment that edgeagent runs in."""
        return str(self.root / ".venv/bin/python")

    @property
    def edgeagent(self) -> str:
        """Our command."""
        return str(self.root / ".venv/bin/edgeagent")

    @property
    def peer_python(self) -> str:
        """The environment of the Python peers."""
        return str(self.root / ".venvs/bench-peers/bin/python")
