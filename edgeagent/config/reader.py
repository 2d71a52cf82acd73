"""Reading one table: every mistake is collected with its file and line, and reading goes on."""

from collections.abc import Callable, Collection
from enum import Enum
from pathlib import Path
from typing import Final, Literal, TypeVar, overload

from edgeagent.config import quantities, values
from edgeagent.config.ledger import Ledger
from edgeagent.config.secrets import Secret, secret
from edgeagent.config.tree import EMPTY, Node, Origin, Problem, dotted
from edgeagent.config.values import Unfit


class Required(Enum):
    """The type of REQUIRED, the mark of a key that has no default."""

    REQUIRED = "required"


REQUIRED: Final = Required.REQUIRED

T = TypeVar("T")


class Reader:
    """One table of the merged tree.

    Each method gives the value of a key, its default, or, where the key is missing or wrong, a harmless value of the
    right type and a Problem: look at `problems` before the values are used. Defaults are not checked. Two readers of
    one table share what was asked for; `finish` names the keys that nobody asked for.
    """

    def __init__(self, node: Node, ledger: Ledger, *, silent: bool = False) -> None:
        self.path = node.path
        self.origin = node.origin
        self._table = node.table if node.table is not None else EMPTY
        self._ledger = ledger
        self._silent = silent  # the table itself was wrong and reported: what it lacks is no news
        self._asked = ledger.asked.setdefault(node.path, set())

    @property
    def problems(self) -> list[Problem]:
        """The problems of the whole tree so far, sorted by file and line; shared by all its readers."""
        return self._ledger.problems

    # -- scalars

    def text(
        self,
        key: str,
        default: str | Required = REQUIRED,
        *,
        pattern: str | None = None,
        shape: str = "",
        min_length: int = 1,
        max_length: int = 4096,
    ) -> str:
        """A text that matches `pattern` in full; `shape` says it in words that go on from "must"."""
        return self._take(
            key,
            default,
            "",
            lambda node: values.text(node, pattern=pattern, shape=shape, min_length=min_length, max_length=max_length),
        )

    def optional_text(self, key: str, *, pattern: str | None = None, shape: str = "") -> str | None:
        """A text, or None where the key is absent."""
        return self._take(key, None, None, lambda node: values.text(node, pattern=pattern, shape=shape))

    def integer(
        self, key: str, default: int | Required = REQUIRED, *, minimum: int | None = None, maximum: int | None = None
    ) -> int:
        """A whole number of 64 bits; true and false are not numbers."""
        blank = _harmless(0, minimum, maximum)
        return self._take(key, default, blank, lambda node: values.integer(node, minimum=minimum, maximum=maximum))

    def number(
        self,
        key: str,
        default: float | Required = REQUIRED,
        *,
        minimum: float | None = None,
        maximum: float | None = None,
    ) -> float:
        """A finite number; true, false, nan and inf are refused."""
        blank = _harmless(0.0, minimum, maximum)
        return self._take(key, default, blank, lambda node: values.number(node, minimum=minimum, maximum=maximum))

    def boolean(self, key: str, default: bool | Required = REQUIRED) -> bool:
        return self._take(key, default, False, values.boolean)

    def choice(self, key: str, options: Collection[str], default: str | Required = REQUIRED) -> str:
        """One of the given words."""
        return self._take(key, default, min(options, default=""), lambda node: values.choice(node, options))

    def duration_s(
        self,
        key: str,
        default: float | Required = REQUIRED,
        *,
        minimum: float | None = None,
        maximum: float | None = None,
    ) -> float:
        """Seconds, written as "250 ms", "10 s", "5 min", "2 h" or "7 d"; the bounds are seconds."""
        blank = _harmless(1.0, minimum, maximum)
        return self._take(
            key, default, blank, lambda node: quantities.duration_s(node, minimum=minimum, maximum=maximum)
        )

    def size_bytes(
        self, key: str, default: int | Required = REQUIRED, *, minimum: int | None = None, maximum: int | None = None
    ) -> int:
        """Bytes, written as "64 KiB", "2 GiB" or "10 MB"; the bounds are bytes."""
        blank = _harmless(1, minimum, maximum)
        return self._take(
            key, default, blank, lambda node: quantities.size_bytes(node, minimum=minimum, maximum=maximum)
        )

    def texts(
        self, key: str, default: tuple[str, ...] | Required = (), *, pattern: str | None = None, shape: str = ""
    ) -> tuple[str, ...]:
        """An array of texts, each of which matches `pattern` in full; every wrong item is a problem of its own."""

        def one(item: Node) -> str:
            return self._converted(item, "", lambda node: values.text(node, pattern=pattern, shape=shape))

        return self._take(key, default, (), lambda node: tuple(one(item) for item in values.items(node)))

    def file(self, key: str, default: Path | Required = REQUIRED) -> Path:
        """A path, relative to the folder of the file it is written in; whether it exists is not looked at."""
        return self._take(key, default, Path(), _file)

    def optional_file(self, key: str) -> Path | None:
        """As `file`, or None where the key is absent."""
        return self._take(key, None, None, _file)

    @overload
    def secret(self, key: str, default: Literal[Required.REQUIRED]) -> Secret: ...
    @overload
    def secret(self, key: str, default: None = None) -> Secret | None: ...
    def secret(self, key: str, default: Required | None = None) -> Secret | None:
        """A secret: `{ credential = "name" }`, `{ file = "path" }` or inline text."""
        self._ledger.secrets.add(dotted(self.path, key))
        blank = Secret("") if default is REQUIRED else None
        return self._take(key, default, blank, lambda node: secret(node, self._ledger))

    # -- tables

    def table(self, key: str) -> "Reader":
        """The reader of a table; of an absent one every key is absent, and its origin is this table's."""
        node = self._ask(key)
        if node is None:
            return self._empty(key, silent=self._silent)
        if node.table is None:
            self._report(node, Unfit(f"cannot use {values.what(node)}: must be a table [{node.path}]"))
            return self._empty(key, silent=True)
        return Reader(node, self._ledger)

    def tables(self, key: str) -> list["Reader"]:
        """The readers of an array of tables [[key]]."""
        node = self._ask(key)
        if node is None:
            return []
        if node.array is None or any(item.table is None for item in node.array):
            self._report(node, Unfit(f"cannot use {values.what(node)}: must be tables [[{node.path}]]"))
            return []
        return [Reader(item, self._ledger) for item in node.array]

    def named_tables(self, key: str) -> dict[str, "Reader"]:
        """The readers of the tables [key.<name>], by name, in the order of the files."""
        node = self._ask(key)
        if node is None:
            return {}
        if node.table is None:
            self._report(node, Unfit(f"cannot use {values.what(node)}: must be tables [{node.path}.<name>]"))
            return {}
        parent = Reader(node, self._ledger)
        return {name: parent.table(name) for name in node.table}

    # -- the table itself

    def has(self, key: str) -> bool:
        """Whether the key is written somewhere; counts as asked for."""
        return self._ask(key) is not None

    def peek(self, key: str) -> object:
        """What is written there, unjudged, or None; does not count as asking for it."""
        return self._table[key].value if key in self._table else None

    def keys(self) -> tuple[str, ...]:
        """The keys that are written; does not count as asking for them."""
        return tuple(self._table)

    def origin_of(self, key: str) -> Origin:
        """Where a key is written, or where the table is if the key is absent."""
        return self._table[key].origin if key in self._table else self.origin

    def problem(self, key: str | None, message: str, suggestion: str | None = None) -> None:
        """Note a mistake of a key, or of the table itself."""
        path = self.path if key is None else dotted(self.path, key)
        origin = self.origin if key is None else self.origin_of(key)
        self._ledger.add(Problem(origin, path, message, suggestion))

    def finish(self) -> None:
        """Note every key that nobody asked for, here and in the tables handed out.

        Called once, on the root, after every room has read its tables.
        """
        for key, node in self._table.items():
            if key in self._asked:
                _finish(node, self._ledger)
            else:
                self._unknown(key, node)

    # -- inner steps

    def _take(self, key: str, default: T | Required, blank: T, convert: Callable[[Node], T]) -> T:
        node = self._ask(key)
        fallback = blank if isinstance(default, Required) else default
        if node is None:
            self._absent(key, default)
            return fallback
        return self._converted(node, fallback, convert)

    def _converted(self, node: Node, fallback: T, convert: Callable[[Node], T]) -> T:
        try:
            return convert(node)
        except Unfit as unfit:
            self._report(node, unfit)
            return fallback

    def _ask(self, key: str) -> Node | None:
        self._asked.add(key)
        return self._table.get(key)

    def _absent(self, key: str, default: object) -> None:
        path = dotted(self.path, key)
        if default is not REQUIRED:
            self._ledger.defaults[path] = default
        elif self._ledger.complete and not self._silent:
            problem = Problem(self.origin, path, "cannot go on without this key: it has no default")
            self._ledger.missing[self.path, key] = problem
            self._ledger.add(problem)

    def _report(self, node: Node, unfit: Unfit) -> None:
        self._ledger.add(Problem(node.origin, node.path, unfit.message, unfit.suggestion))

    def _empty(self, key: str, *, silent: bool) -> "Reader":
        return Reader(Node(dotted(self.path, key), self.origin, table=EMPTY), self._ledger, silent=silent)

    def _unknown(self, key: str, node: Node) -> None:
        """One problem per unknown key; where it is a missing key misspelt, that one is said no second time."""
        near = values.nearest(key, sorted(self._asked - self._table.keys())) or values.nearest(key, sorted(self._asked))
        missing = self._ledger.missing.get((self.path, near)) if near else None
        if missing:
            self._ledger.withdraw(missing)
        suggestion = near or self._elsewhere(key)
        self._ledger.add(Problem(node.origin, node.path, "cannot use this key: nothing reads it", suggestion))

    def _elsewhere(self, key: str) -> str | None:
        """The one other table that knows this key, if there is just one: it slipped below the wrong [header]."""
        places = [path for path, asked in self._ledger.asked.items() if key in asked and path != self.path]
        return dotted(places[0], key) if len(places) == 1 else None


def _finish(node: Node, ledger: Ledger) -> None:
    """Go on into the tables that somebody read."""
    for item in (node, *(node.array or ())):
        if item.table is not None and item.path in ledger.asked:
            Reader(item, ledger).finish()


def _file(node: Node) -> Path:
    name = values.text(node)
    if "\0" in name:
        raise Unfit(f"cannot use {values.what(node)}: a path has no NUL")
    return Path(node.origin.file).parent / name


Bounded = TypeVar("Bounded", int, float)


def _harmless(wanted: Bounded, minimum: Bounded | None, maximum: Bounded | None) -> Bounded:
    """The value within the bounds that is nearest to the wanted one."""
    if minimum is not None and wanted < minimum:
        return minimum
    if maximum is not None and wanted > maximum:
        return maximum
    return wanted
