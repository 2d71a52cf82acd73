"""The command behind scripts/bench."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import shlex
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType, ModuleType

from benchmarks import devices, footprint, isolation, loop, machine, pod, report, snmp
from benchmarks.context import Context
from benchmarks.figure import Figure
from benchmarks.process import BenchError
from benchmarks.rounds import MIN_ROUNDS

BENCHMARKS: Mapping[str, ModuleType] = {
    "snmp": snmp,
    "footprint": footprint,
    "isolation": isolation,
    "loop": loop,
    "devices": devices,
    "pod": pod,
}
ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/benchmarks.md"
EXAMPLES = """examples:
  scripts/bench                        all, as a table
  scripts/bench snmp --json            one object per figure
  scripts/bench footprint --rounds 9   more rounds, steadier medians

Exit status: 0 measured (targets met or not: read the verdicts), 1 could not be measured, 2 wrong usage.
With --strict a missed target ends with 3."""


def main(arguments: Sequence[str]) -> int:
    """Run what was asked; figures go to standard output, words to standard error."""
    asked = _parser().parse_args(arguments)
    if asked.list:
        print("\n".join(f"{name:10} {module.TITLE}" for name, module in BENCHMARKS.items()))
        return 0
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGHUP, _leave)
    load = os.getloadavg()[0]
    try:
        measured = _measure(asked.names or list(BENCHMARKS), asked.rounds, _teller(asked.json))
    except BenchError as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 1
    if asked.write_docs:
        report.write_docs(PAGE, _sections(measured, arguments, load))
    missed = any(figure.ok is False for figures in measured.values() for figure in figures)
    return 3 if missed and asked.strict else 0


def _measure(
    names: Sequence[str], rounds: int, tell: Callable[[str, Sequence[Figure]], None]
) -> dict[str, Sequence[Figure]]:
    measured = {}
    for name in dict.fromkeys(names):
        with tempfile.TemporaryDirectory(prefix="edgeagent-bench-") as folder:
            measured[name] = BENCHMARKS[name].run(Context(ROOT, Path(folder), rounds, _say(name)))
        tell(name, measured[name])
    return measured


def _teller(as_json: bool) -> Callable[[str, Sequence[Figure]], None]:
    def tell(name: str, figures: Sequence[Figure]) -> None:
        if as_json:
            print(report.json_lines(figures), flush=True)
        else:
            print(f"\n{BENCHMARKS[name].TITLE}\n{report.table(figures)}", flush=True)

    return tell


def _sections(measured: Mapping[str, Sequence[Figure]], arguments: Sequence[str], load: float) -> dict[str, str]:
    """What docs/benchmarks.md holds about this run."""
    day = dt.datetime.now(dt.UTC).date()
    command = shlex.join(["scripts/bench", *arguments])
    peers = "; ".join(machine.versions(str(ROOT / ".venvs/bench-peers/bin/python")))
    run = f"Command: `{command}`. Date: {day}. Load before the run: {load:.1f}."
    about = f"{run}\nMachine: {machine.describe()}.\nPeers: {peers}."
    return {name: f"{about}\n\n{report.markdown(figures)}" for name, figures in measured.items()}


def _say(name: str) -> Callable[[str], None]:
    return lambda words: print(f"bench {name}: {words}", file=sys.stderr, flush=True)


def _leave(number: int, _frame: FrameType | None) -> None:
    """A signal unwinds the stack, so that every process is stopped."""
    raise SystemExit(128 + number)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Figures beside those of our peers: medians of interleaved rounds.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", type=_name, help=f"which: {', '.join(BENCHMARKS)} (default: all)"
    )
    parser.add_argument("--list", action="store_true", help="name the benchmarks and leave")
    parser.add_argument("--json", action="store_true", help="one object per figure, a line each")
    parser.add_argument(
        "--rounds", type=_rounds, default=7, help=f"rounds per figure, at least {MIN_ROUNDS} (default 7)"
    )
    parser.add_argument("--strict", action="store_true", help="exit status 3 when a target is missed")
    parser.add_argument("--write-docs", action="store_true", help="put the figures into docs/benchmarks.md")
    return parser


def _name(text: str) -> str:
    if text not in BENCHMARKS:
        raise argparse.ArgumentTypeError(f"there is no benchmark '{text}'; --list names them")
    return text


def _rounds(text: str) -> int:
    rounds = int(text)
    if rounds < MIN_ROUNDS:
        raise argparse.ArgumentTypeError(f"a median needs at least {MIN_ROUNDS} rounds")
    return rounds


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
