"""The layers of a configuration: files in order, merged key by key; the later one wins."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from edgeagent.config.explain import Explanation, explain
from edgeagent.config.files import Unreadable, read_bounded
from edgeagent.config.ledger import Ledger
from edgeagent.config.reader import Reader
from edgeagent.config.syntax import parse
from edgeagent.config.tree import EMPTY, Node, Origin, Problem
from edgeagent.config.values import nearest

MAX_FILE_BYTES = 1024 * 1024
MAX_FILES = 100


@dataclass(frozen=True, slots=True)
class Layer:
    """A text that is merged after the files, such as the NOC's signed document.

    It is trusted as a file is: whoever takes it from a network lets only allowed keys through first.
    """

    name: str
    text: str


class Loaded:
    """The merged tree of one load, and what was found wrong with it so far."""

    def __init__(self, node: Node, ledger: Ledger) -> None:
        self.node = node
        self.root = Reader(node, ledger)
        self._ledger = ledger

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything found so far, by file and line; the last one counts those beyond the bound."""
        found = tuple(self._ledger.problems)
        if not self._ledger.dropped:
            return found
        more = f"cannot show {self._ledger.dropped} more problems: mend these first"
        return (*found, Problem(self.node.origin, "", more))

    def explain(self, path: str) -> tuple[Explanation, ...]:
        """Where the value of a key, or of each key of a table, comes from; empty if nothing has this name.

        Meant to be asked after the rooms have read their tables: only then are defaults and secrets known.
        """
        return explain(path, self.node, self._ledger)

    def nearest_path(self, path: str) -> str | None:
        """The known key that was probably meant by `path`, or None."""
        return nearest(path, (found.path for found in self.explain("")))


def config_files(main: Path) -> list[Path]:
    """The main file, then the `*.toml` files of the folder beside it that has its name and `.d`, by name.

    A folder that cannot be listed is returned in place of its files, so that `load` says so.
    """
    folder = main.parent / f"{main.stem}.d"
    try:
        found = [path for path in folder.iterdir() if path.suffix == ".toml" and not path.name.startswith(".")]
    except (FileNotFoundError, NotADirectoryError):
        return [main]
    except OSError:
        return [main, folder]
    return [main, *sorted(found)]


def load(
    paths: Sequence[Path],
    *,
    below: Sequence[Layer] = (),
    layers: Sequence[Layer] = (),
    credentials: Path | None = None,
) -> Loaded:
    """The merged tree of some texts, then some files, then more texts. Raises nothing: see `problems`.

    `below` is what comes with the program. `credentials` is systemd's CREDENTIALS_DIRECTORY, from which secrets are
    read.
    """
    files = [*(str(path) for path in paths), *(layer.name for layer in layers)]
    ledger = Ledger([*(layer.name for layer in below), *files], credentials)
    merged = Node("", Origin(files[0] if files else "edgeagent.toml", 0), table=EMPTY)
    for name, text in (*_texts((), below, ledger), *_texts(paths, layers, ledger)):
        parsed = parse(name, text)
        if parsed.root:
            merged = merge(merged, parsed.root)
        if parsed.problem:
            ledger.complete = False
            ledger.add(parsed.problem)
    return Loaded(merged, ledger)


def merge(below: Node, above: Node) -> Node:
    """Tables merge key by key and keep the place where they began; anything else is replaced and remembered."""
    if below.table is None or above.table is None:
        return replace(above, overridden=(below, *below.overridden))
    table = dict(below.table)
    for key, node in above.table.items():
        table[key] = merge(table[key], node) if key in table else node
    return replace(below, table=MappingProxyType(table))


def _texts(paths: Sequence[Path], layers: Sequence[Layer], ledger: Ledger) -> Iterator[tuple[str, str]]:
    if len(paths) > MAX_FILES:
        _unusable(ledger, Origin(str(paths[MAX_FILES]), 0), f"cannot use more than {MAX_FILES} files")
    for path in paths[:MAX_FILES]:
        try:
            yield str(path), read_bounded(path, MAX_FILE_BYTES).decode()
        except Unreadable as error:
            _unusable(ledger, Origin(str(path), 0), str(error))
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            _unusable(ledger, Origin(str(path), line), "cannot read this line: it is not UTF-8 text")
    for layer in layers:
        if len(layer.text) > MAX_FILE_BYTES:
            _unusable(ledger, Origin(layer.name, 0), f"cannot use it: larger than {MAX_FILE_BYTES // 1024} KiB")
        else:
            yield layer.name, layer.text


def _unusable(ledger: Ledger, origin: Origin, message: str) -> None:
    ledger.complete = False
    ledger.add(Problem(origin, "", message))
