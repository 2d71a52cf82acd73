"""Values that must not be shown: from a systemd credential, from a private file, or inline."""

from pathlib import Path

from edgeagent.config.files import Unreadable, read_bounded
from edgeagent.config.ledger import Ledger
from edgeagent.config.tree import Node, kind
from edgeagent.config.values import Unfit, nearest

MAX_SECRET_BYTES = 64 * 1024
NO_FOLDER = "there is no credentials folder"
"""What every message says where systemd's CREDENTIALS_DIRECTORY is not set."""

_SOURCES = ("credential", "file")


class Secret:
    """A text that no log, message or page shows; `inline` says that it stands in the configuration itself.

    Equal secrets compare equal, so that a reload sees a changed password.
    """

    __slots__ = ("_text", "inline")

    def __init__(self, text: str, *, inline: bool = False) -> None:
        self._text = text
        self.inline = inline

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "•••"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


def secret(node: Node, ledger: Ledger) -> Secret:
    """The secret that a node gives or points to. Raises Unfit; no message repeats the value."""
    if isinstance(node.scalar, str):
        if not node.scalar:
            raise Unfit("cannot use an empty secret")
        return Secret(node.scalar, inline=True)
    source = _source(node, ledger)
    if node.table and source is node.table.get("credential"):
        return _read(_credential(source, ledger.credentials), private=False)
    return _read(Path(source.origin.file).parent / _name(source), private=True)


def _source(node: Node, ledger: Ledger) -> Node:
    """The child that says where the secret is; of two from different files the later file wins."""
    example = '{ credential = "name" }'
    if not node.table:
        raise Unfit(f"cannot use {kind(node)}: must be text, credential = … or file = …", example)
    for key in node.table:
        if key not in _SOURCES:
            near = nearest(key, _SOURCES)
            raise Unfit(f"cannot use a secret with the key {key[:40]!r}: it has credential = … or file = …", near)
    sources = sorted(node.table.values(), key=lambda child: ledger.rank(child.origin))
    if len(sources) > 1 and sources[0].origin.file == sources[1].origin.file:
        raise Unfit("cannot use both credential and file: one of them must go")
    return sources[-1]


def _name(source: Node) -> str:
    if not isinstance(source.scalar, str) or not source.scalar:
        raise Unfit(f"cannot use {kind(source)} as the place of a secret: must be a name")
    return source.scalar


def _credential(source: Node, folder: Path | None) -> Path:
    name = _name(source)
    if "/" in name or name in {".", ".."}:
        raise Unfit(f"cannot use the credential name {name[:60]!r}: it has no slashes")
    if folder is None:
        raise Unfit(
            f"cannot read the credential {name[:60]!r}: {NO_FOLDER}; "
            f"systemd gives one when the unit has LoadCredential={name[:60]}:…"
        )
    return folder / name


def _read(path: Path, *, private: bool) -> Secret:
    try:
        text = read_bounded(path, MAX_SECRET_BYTES, private=private).decode()
    except Unreadable as error:
        raise Unfit(str(error)) from error
    except UnicodeDecodeError:
        raise Unfit(f"cannot read {path}: it is not UTF-8 text") from None
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise Unfit(f"cannot use {path}: it is empty")
    return Secret(text)
