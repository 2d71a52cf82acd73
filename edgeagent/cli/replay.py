"""``edgeagent replay``: recorded decisions made again by the tables of today, and where they differ."""

import gzip
import json
import sys
import time
import zlib
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import asdict
from io import BufferedReader
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from edgeagent.cli import place, table
from edgeagent.cli.durations import seconds_of
from edgeagent.config.secrets import NO_FOLDER
from edgeagent.model.errors import ActRefused, ConfigError, RecordingInvalid

if TYPE_CHECKING:
    from edgeagent.autonomy.flight import Head, Origin, Tick
    from edgeagent.autonomy.replay import Difference, Replay, Result
    from edgeagent.config.tree import Problem

MAX_FILE_BYTES = 256 * 1024 * 1024
"""Unpacked; the daemon's own files are a tenth of it."""
CHUNK_BYTES = 64 * 1024
ELSEWHERE = frozenset({"actuators", "api", "daemon", "pod", "store", "uplink"})
"""The tables of the configuration that no decision depends on: a mistake there does not matter here."""
EPILOG = """examples:
  edgeagent replay --since "2 h"           the pod's own recordings, by the tables as they are now
  edgeagent replay --since "1 d" --config changed.toml
  edgeagent replay night.jsonl.gz          a recording that was saved, or written by hand (docs/autonomy.md)
  edgeagent replay --since "2 h" --save night.jsonl.gz

The readings stand as they were recorded: what other decisions would have changed in the world is not played.
exit codes: 0 every decision comes out as it was, 1 some differ or nothing can be replayed, 2 wrong usage"""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog = EPILOG
    place.add_options(parser)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="recordings, oldest first")
    parser.add_argument(
        "--since",
        metavar="TIME",
        help='the pod\'s own recordings of the last so long, as in "2 h"; whole files, so up to an hour more',
    )
    parser.add_argument("--save", type=Path, metavar="FILE", help="also copy what was replayed into one file")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def execute(options: Namespace) -> int:
    """Exit code 0 when every decision comes out as it was recorded."""
    if bool(options.files) == bool(options.since):
        print("edgeagent replay: name files, or --since how long ago", file=sys.stderr)
        return 2
    try:
        files = options.files or _recent(options, seconds_of(options.since))
    except ActRefused as error:
        print(f"edgeagent replay: {error}", file=sys.stderr)
        return 2
    if not files:
        print(f"nothing was recorded in the last {options.since}")
        return 1
    result = _replayed(options, files)
    print(json.dumps(_as_dict(result), indent=2) if options.json else "\n".join(_lines(result)))
    return 0 if result.is_identical else 1


def _replayed(options: Namespace, files: list[Path]) -> "Result":
    replay = _present(options.config)
    saved: list[bytes] = []
    for path in files:
        first = 1
        for content in _flights(path):
            head, lines = _parsed(path, content, first)
            replay.play(head, lines)
            first += content.count(b"\n")
            if options.save:
                saved.append(gzip.compress(content, 6, mtime=0))
    if options.save:
        _save(options.save, b"".join(saved))
    return replay.result


def _present(config: Path) -> "Replay":
    """What decides by the configuration as it is now.

    Raises:
        ConfigError: it has mistakes that decisions depend on.
    """
    from edgeagent.autonomy.replay import Replay
    from edgeagent.daemon.configuration import check

    checked = check(config, {})
    wrong = [one for one in checked.problems if not _is_elsewhere(one)]
    if wrong:
        lines = "\n".join(f"  {one}" for one in wrong)
        raise ConfigError(f"cannot decide by this configuration:\n{lines}")
    return Replay(checked.configuration.site, checked.configuration.tables)


def _is_elsewhere(problem: "Problem") -> bool:
    return problem.path.partition(".")[0] in ELSEWHERE or NO_FOLDER in problem.message


def _save(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise RecordingInvalid(f"cannot write {path}: {error.strerror}") from error


def _recent(options: Namespace, ago_s: float) -> list[Path]:
    """The files of the pod that were written to since then.

    Raises:
        RecordingInvalid: this user may not see them.
    """
    from edgeagent.store.flight_log import recordings

    folder = place.find(options).journal / "flight"
    since_s = time.time() - ago_s
    try:
        return [path for path in recordings(folder) if path.stat().st_mtime >= since_s]
    except OSError as error:
        message = f"cannot read {folder}: {error.strerror}; be root or the user of the daemon"
        raise RecordingInvalid(message) from error


def _flights(path: Path) -> Iterator[bytes]:
    """Each flight of a file: a head and what follows it. Of a torn end the whole lines are used.

    Raises:
        RecordingInvalid: it cannot be read, or is too long.
    """
    content = _unpacked(path)
    end = content.rfind(b"\n") + 1
    starts = [0, *(at + 1 for at in _finds(content, b'\n{"flight":')), end]
    yield from (content[start:stop] for start, stop in pairwise(starts) if stop > start)


def _finds(content: bytes, what: bytes) -> Iterator[int]:
    at = content.find(what)
    while at >= 0:
        yield at
        at = content.find(what, at + 1)


def _unpacked(path: Path) -> bytes:
    found = bytearray()
    try:
        with path.open("rb") as file:
            is_packed = file.peek(2).startswith(b"\x1f\x8b")
            for chunk in _chunks(gzip.GzipFile(fileobj=file) if is_packed else file):
                found += chunk
                if len(found) > MAX_FILE_BYTES:
                    raise RecordingInvalid(f"cannot replay {path}: it holds more than {MAX_FILE_BYTES >> 20} MiB")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        if not found:
            raise RecordingInvalid(f"cannot read {path}: {error}") from error
        print(f"edgeagent replay: the end of {path} is torn and left out: {error}", file=sys.stderr)
    except OSError as error:
        raise RecordingInvalid(f"cannot read {path}: {error.strerror}") from error
    return bytes(found)


def _chunks(file: gzip.GzipFile | BufferedReader) -> Iterator[bytes]:
    while chunk := file.read1(CHUNK_BYTES):
        yield chunk


def _parsed(path: Path, content: bytes, first: int) -> "tuple[Head, Iterator[tuple[Origin, Tick]]]":
    """The head and the decisions of one flight, whose head is the file's line ``first``."""
    from edgeagent.autonomy.flight import Origin, decode_head, decode_tick

    name = str(path)
    top, *rest = content.split(b"\n")
    lines = ((Origin(name, number), line) for number, line in enumerate(rest, first + 1) if line.strip())
    return decode_head(top, Origin(name, first)), ((origin, decode_tick(line, origin)) for origin, line in lines)


def _lines(result: "Result") -> Iterator[str]:
    from edgeagent.autonomy.replay import merged

    if result.first_wall_s is None or result.last_wall_s is None:
        yield "nothing was decided in these recordings"
        return
    span = table.duration(result.last_wall_s - result.first_wall_s)
    yield f"{result.decisions} decisions from {_local(result.first_wall_s)} on, {span}"
    if not result.is_dated:
        yield "the clock was not set yet when some of them were made: their dates are wrong, their lengths are not"
    if result.is_identical:
        yield "identical: the present tables decide just as it was decided then"
        return
    yield f"{result.decisions - result.same} of them come out otherwise by the present tables"
    if result.differences:
        head = ("FROM", "FOR", "ONLY IN", "WHAT")
        yield table.render(head, [_row(one) for one in merged(result.differences)], right=("FOR",))
    else:
        yield "what is set and what is alarmed is the same; only the reasons differ"


def _row(one: "Difference") -> tuple[str, ...]:
    where = "the recording" if one.who == "recorded" else "the present tables"
    return (_local(one.from_wall_s), table.duration(one.to_wall_s - one.from_wall_s), where, one.what)


def _as_dict(result: "Result") -> dict[str, object]:
    from edgeagent.autonomy.replay import merged

    return {
        "identical": result.is_identical,
        "decisions": result.decisions,
        "same": result.same,
        "first_wall_s": result.first_wall_s,
        "last_wall_s": result.last_wall_s,
        "is_dated": result.is_dated,
        "differences": [asdict(one) for one in merged(result.differences)],
    }


def _local(wall_s: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(wall_s))
