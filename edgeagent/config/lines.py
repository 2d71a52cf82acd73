"""The lines of a TOML text: tomllib keeps none, so this scanner finds them.

It accepts more than TOML does (tomllib is the judge of what is valid) and stops where it loses the thread, never
earlier than tomllib would refuse. It also holds the bounds that keep a hostile text from costing memory or stack.
"""

import re
import tomllib
from bisect import bisect_left
from typing import NamedTuple

from edgeagent.model.errors import ConfigError

Path = tuple[str | int, ...]

MAX_DEPTH = 32  # parts of a path; the pod's own files use five
MAX_KEY_CHARS = 128
MAX_ENTRIES = 20_000  # keys, tables and array items of one file

_BLANK = re.compile(r"[ \t]*")
_BLANK_LINES = re.compile(r"[ \t\n]*")
_COMMENT = re.compile(r"#[^\n]*")
_REST_OF_LINE = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\n|\Z)")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^,\]}#\n\[{\"']+")
_QUOTES = re.compile(r"""\"(?:"")?|'(?:'')?""")

# What may end a text opened by these quotes; up to two more quotes before the closing three belong to the text.
# Searched step by step: one pattern for the whole text costs stack, and 3.11.2 misreads possessive ones.
_ENDS = {
    '"': re.compile(r"""\\.|["\n]""", re.DOTALL),
    "'": re.compile(r"""['\n]"""),
    '"""': re.compile(r"""\\.|"{3,5}""", re.DOTALL),
    "'''": re.compile(r"""'{3,5}"""),
}


class TooMuch(ConfigError):
    """The text is beyond a bound of this reader."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


class _Lost(ConfigError):
    """This text is not TOML from here on; tomllib will say why."""


class Repeat(NamedTuple):
    """A key or table that is given again."""

    path: Path
    line: int
    first_line: int


class LineMap:
    """The line of every table, key and array item; `lost_at` is the line of the statement that made no sense."""

    def __init__(self) -> None:
        self.lines: dict[Path, int] = {}
        self.lost_at: int | None = None
        self.repeat: Repeat | None = None  # the first one


def scan(text: str) -> LineMap:
    """The lines of a text. Raises TooMuch beyond the bounds above, and nothing else whatever the text."""
    return _Scanner(text.replace("\r\n", "\n")).run()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._newlines = [match.start() for match in re.finditer("\n", text)]
        self._pos = 0
        self._map = LineMap()
        self._header: Path = ()
        self._counts: dict[Path, int] = {}  # how many tables each [[array]] has so far
        self._explicit: set[Path] = set()

    def run(self) -> LineMap:
        while True:
            self._skip_lines()
            if self._pos >= len(self._text):
                return self._map
            start = self._pos
            try:
                self._statement()
            except _Lost:
                self._map.lost_at = self._line(start)
                return self._map

    def _statement(self) -> None:
        if self._text.startswith("[[", self._pos):
            self._array_header()
        elif self._text.startswith("[", self._pos):
            self._table_header()
        else:
            self._key_value(self._header)
        self._expect(_REST_OF_LINE)

    # -- headers

    def _table_header(self) -> None:
        line = self._line(self._pos)
        self._pos += 1
        path = self._resolved(self._key())
        self._literal("]")
        if path in self._explicit:
            self._repeated(path, line)
        self._header = self._record(path, line, explicit=True)

    def _array_header(self) -> None:
        line = self._line(self._pos)
        self._pos += 2
        *parents, last = self._key()
        self._literal("]]")
        path = (*self._resolved(parents), last)
        index = self._counts.get(path, 0)
        self._counts[path] = index + 1
        self._record(path, line)
        self._header = self._record((*path, index), line, explicit=True)

    def _resolved(self, parts: list[str]) -> Path:
        """The path with the index of the latest table behind every [[array]] on the way."""
        path: Path = ()
        for part in parts:
            path = (*path, part)
            if path in self._counts:
                path = (*path, self._counts[path] - 1)
        return path

    # -- keys and values

    def _key_value(self, parent: Path) -> None:
        line = self._line(self._pos)
        path = (*parent, *self._key())
        self._literal("=")
        self._skip(_BLANK)
        if path in self._map.lines:
            self._repeated(path, line)
        self._record(path, line, explicit=True)
        self._value(path)

    def _key(self) -> list[str]:
        parts: list[str] = []
        while True:
            self._skip(_BLANK)
            parts.append(self._key_part())
            if len(parts) > MAX_DEPTH:
                raise TooMuch(self._line(self._pos), f"cannot use a key of more than {MAX_DEPTH} parts")
            self._skip(_BLANK)
            if not self._text.startswith(".", self._pos):
                return parts
            self._pos += 1

    def _key_part(self) -> str:
        start = self._pos
        quote = self._text[start : start + 1]
        if quote in _ENDS:
            self._string(quote)
        else:
            self._expect(_BARE_KEY)
        if self._pos - start > MAX_KEY_CHARS:
            raise TooMuch(self._line(start), f"cannot use a key longer than {MAX_KEY_CHARS} characters")
        token = self._text[start : self._pos]
        return _unquoted(token) if quote in _ENDS else token

    def _value(self, path: Path) -> None:
        if len(path) > MAX_DEPTH:
            raise TooMuch(self._line(self._pos), f"cannot use more than {MAX_DEPTH} levels of tables and arrays")
        first = self._text[self._pos : self._pos + 1]
        if first == "[":
            self._array(path)
        elif first == "{":
            self._inline_table(path)
        elif opening := _QUOTES.match(self._text, self._pos):
            self._string(opening[0])
        else:
            self._expect(_BARE_VALUE)

    def _string(self, quotes: str) -> None:
        end = _ENDS[quotes]
        self._pos += len(quotes)
        while match := end.search(self._text, self._pos):
            self._pos = match.end()
            if match[0] == "\n":
                raise _Lost
            if not match[0].startswith("\\"):
                return
        raise _Lost

    def _array(self, path: Path) -> None:
        self._pos += 1
        for index in range(MAX_ENTRIES + 1):
            self._skip_lines()
            if self._closed("]"):
                return
            item = self._record((*path, index), self._line(self._pos))
            self._value(item)
            self._skip_lines()
            if not self._closed(","):
                self._literal("]")
                return

    def _inline_table(self, path: Path) -> None:
        self._pos += 1
        self._skip(_BLANK)
        if self._closed("}"):
            return
        while True:
            self._key_value(path)
            self._skip(_BLANK)
            if not self._closed(","):
                self._literal("}")
                return
            self._skip(_BLANK)

    # -- small steps

    def _record(self, path: Path, line: int, *, explicit: bool = False) -> Path:
        """Note the line of a path and, where they have none, of its parents."""
        lines = self._map.lines
        for length in range(1, len(path)):
            lines.setdefault(path[:length], line)
        if explicit and path not in self._explicit:
            self._explicit.add(path)
            lines[path] = line  # its own header beats the first mention of a child
        lines.setdefault(path, line)
        if len(lines) > MAX_ENTRIES:
            raise TooMuch(line, f"cannot use more than {MAX_ENTRIES} keys and values in one file")
        return path

    def _repeated(self, path: Path, line: int) -> None:
        self._map.repeat = self._map.repeat or Repeat(path, line, self._map.lines[path])

    def _line(self, position: int) -> int:
        return bisect_left(self._newlines, position) + 1

    def _skip_lines(self) -> None:
        self._skip(_BLANK_LINES)
        while self._text.startswith("#", self._pos):
            self._skip(_COMMENT)
            self._skip(_BLANK_LINES)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self._text, self._pos)
        if match:
            self._pos = match.end()

    def _expect(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self._text, self._pos)
        if not match:
            raise _Lost
        self._pos = match.end()

    def _literal(self, mark: str) -> None:
        if not self._closed(mark):
            raise _Lost

    def _closed(self, mark: str) -> bool:
        if not self._text.startswith(mark, self._pos):
            return False
        self._pos += len(mark)
        return True


def _unquoted(token: str) -> str:
    """What a quoted key says; tomllib itself reads it where it has escapes."""
    if "\\" not in token or token.startswith("'"):
        return token[1:-1]
    try:
        return str(tomllib.loads(f"key = {token}")["key"])
    except tomllib.TOMLDecodeError:
        raise _Lost from None
