"""What all readers of one tree share: the problems found, the keys asked for, the defaults taken."""

from bisect import insort
from collections.abc import Sequence
from pathlib import Path

from edgeagent.config.tree import Origin, Problem

MAX_PROBLEMS = 200


class Ledger:
    """The shared notes of one load; `problems` stays sorted by file order, line and key.

    Beyond MAX_PROBLEMS further ones are counted in `dropped`.
    """

    def __init__(self, files: Sequence[str] = (), credentials: Path | None = None) -> None:
        self.problems: list[Problem] = []
        self.dropped = 0
        self.complete = True  # False once a file could not be read: then an absent key is no news
        self.credentials = credentials
        self.asked: dict[str, set[str]] = {}  # table path -> its keys that somebody asked for
        self.defaults: dict[str, object] = {}  # key path -> the default taken
        self.secrets: set[str] = set()  # key paths whose values are never shown
        self.missing: dict[tuple[str, str], Problem] = {}  # (table path, key) -> its problem
        self._rank = {file: index for index, file in enumerate(files)}
        self._seen: set[Problem] = set()

    def add(self, problem: Problem) -> None:
        """Note a problem; the same one is noted once."""
        if problem in self._seen:
            return
        if len(self.problems) >= MAX_PROBLEMS:
            self.dropped += 1
            return
        self._seen.add(problem)
        insort(self.problems, problem, key=self._order)

    def withdraw(self, problem: Problem) -> None:
        """Take a problem back, because another one says it better."""
        if problem in self._seen:
            self._seen.remove(problem)
            self.problems.remove(problem)

    def rank(self, origin: Origin) -> int:
        """The place of a file in the order of layers; higher wins."""
        return self._rank.get(origin.file, len(self._rank))

    def _order(self, problem: Problem) -> tuple[int, int, str]:
        return self.rank(problem.origin), problem.origin.line, problem.path
