"""``edgeagent``: the one program of a pod.

Exit codes: 0 all is well; 1 something is wrong and is named; 2 the command line is wrong; 3 the daemon is not running.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import Protocol, cast

from edgeagent import __version__
from edgeagent.model.errors import EdgeAgentError

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "run": "run the daemon in the foreground (systemd starts it this way)",
        "status": "say how the pod is, in one sentence and a few tables",
        "points": "list what is read: value, unit, quality, age",
        "alarms": "list what stands, acknowledge it, shelve it for a time",
        "explain": "say in plain words what is off or held, why, and when it ends",
        "interlocks": "list causes and effects: which interlock stands where",
        "override": "hold a load, outlet or setpoint for a time",
        "cycle": "switch a load or outlet off, and on again after a time",
        "lock": "keep everything from switching a load or outlet",
        "unlock": "take a lock away",
        "reset": "end the latch of an interlock",
        "check": "check a configuration and name every mistake with its file and line",
        "probe": "meet a device by its address: say what it is, and read it once",
        "replay": "make recorded decisions again by the present tables, and show the differences",
        "demo": "run a simulated pod with its broker and its NOC, and show what arrives",
        "noc": "the central end: receive pods, list them and their points",
    }
)

EPILOG = """examples:
  edgeagent check --config /etc/edgeagent/edgeagent.toml
  edgeagent status
  edgeagent alarms
  edgeagent explain
  edgeagent points 'pdu-a1/outlet.*'
  edgeagent points --bad --json
  edgeagent probe 'snmp://10.0.0.11?community=public'
  edgeagent demo --seconds 60

exit codes: 0 all is well, 1 something is wrong and is named, 2 wrong usage, 3 the daemon is not running"""


class Command(Protocol):
    """A module of this package that is one command."""

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's options."""

    def execute(self, options: argparse.Namespace) -> int:
        """Do it; the exit code."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser(words).parse_args(words)
    command = _command(options.command)
    try:
        code = command.execute(options)
        sys.stdout.flush()  # here, so that a reader who went away is met below and not by the interpreter's end
    except EdgeAgentError as error:
        print(f"edgeagent {options.command}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader of our output went away, as `head` does: not our failure, and nothing more to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="edgeagent",
        description="Lets a prefabricated edge data-centre pod look after itself.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"edgeagent {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, text in COMMANDS.items():
        sub = commands.add_parser(
            name,
            help=text,
            description=text[0].upper() + text[1:] + ".",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name in words:
            _command(name).configure(sub)
    return parser


def _command(name: str) -> Command:
    # Loaded when it is asked for: `status` must not pay for what `demo` needs.
    return cast("Command", import_module(f"edgeagent.cli.{name}"))
