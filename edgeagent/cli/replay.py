"""``edgeagent replay``: recorded decisions made again by the tables of today, and where they differ."""

import gzip
import json
import sys
import time
import zlib
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from edgeagent.cli import place, table
from edgeagent.cli.durations import seconds_of
from edgeagent.model.errors import RecordingInvalid

if TYPE_CHECKING:
    from edgeagent.autonomy.flight import Head, Origin, Tick
    from edgeagent.autonomy.replay import Difference, Result

MAX_FILE_BYTES = 256 * 1024 * 1024
"""Unpacked; the daemon's own files are a tenth of it."""
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
    parser.add_argument("--since", metavar="TIME", help='the pod\'s own recordings of the last so long, as in "2 h"')
    parser.add_argument("--save", type=Path, metavar="FILE", help="also copy what was replayed into one file")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def execute(options: Namespace) -> int:
    """Exit code 0 when every decision comes out as it was recorded."""
    from edgeagent.autonomy.replay import Replay
    from edgeagent.daemon.configuration import check

    if bool(options.files) == bool(options.since):
        print("edgeagent replay: name files, or --since how long ago", file=sys.stderr)
        return 2
    files = options.files or _recent(options)
    if not files:
        print(f"nothing was recorded in the last {options.since}")
        return 1
    configuration = check(options.config, {}).configuration
    replay = Replay(configuration.site, configuration.tables)
    saved = bytearray()
    for path in files:
        for content in _flights(path):
            saved += content if options.save else b""
            head, lines = _parsed(path, content)
            replay.play(head, lines)
    if options.save:
        options.save.write_bytes(gzip.compress(bytes(saved), 6, mtime=0))
    result = replay.result
    print(json.dumps(_as_dict(result), indent=2) if options.json else "\n".join(_lines(result)))
    return 0 if result.is_identical else 1


def _recent(options: Namespace) -> list[Path]:
    """The files of the pod that were written to since then."""
    from edgeagent.store.flight_log import recordings

    since_s = time.time() - seconds_of(options.since)
    where = place.find(options)
    return [path for path in recordings(where.journal / "flight") if path.stat().st_mtime >= since_s]


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
    try:
        packed = path.read_bytes()
    except OSError as error:
        raise RecordingInvalid(f"cannot read {path}: {error.strerror}") from error
    if not packed.startswith(b"\x1f\x8b"):
        return packed
    found = bytearray()
    while packed:
        member = zlib.decompressobj(wbits=31)
        try:
            found += member.decompress(packed, MAX_FILE_BYTES + 1 - len(found))
        except zlib.error as error:
            if found:
                break  # a kill tore the last member
            raise RecordingInvalid(f"cannot read {path}: {error}") from error
        if len(found) > MAX_FILE_BYTES:
            raise RecordingInvalid(f"cannot replay {path}: it holds more than {MAX_FILE_BYTES >> 20} MiB")
        packed = member.unused_data
    return bytes(found)


def _parsed(path: Path, content: bytes) -> "tuple[Head, Iterator[tuple[Origin, Tick]]]":
    from edgeagent.autonomy.flight import Origin, decode_head, decode_tick

    first, *rest = content.splitlines()
    lines = ((Origin(str(path), number), line) for number, line in enumerate(rest, 2) if line.strip())
    return decode_head(first, Origin(str(path), 1)), ((origin, decode_tick(line, origin)) for origin, line in lines)


def _lines(result: "Result") -> Iterator[str]:
    from edgeagent.autonomy.replay import merged

    if result.first_wall_s is None or result.last_wall_s is None:
        yield "nothing was decided in these recordings"
        return
    span = table.duration(result.last_wall_s - result.first_wall_s)
    yield f"{result.decisions} decisions from {_local(result.first_wall_s)} on, {span}"
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
    differences: Sequence[dict[str, object]] = [asdict(one) for one in result.differences]
    return {
        "identical": result.is_identical,
        "decisions": result.decisions,
        "same": result.same,
        "first_wall_s": result.first_wall_s,
        "last_wall_s": result.last_wall_s,
        "differences": differences,
    }


def _local(wall_s: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(wall_s))
