"""Where the daemon that a command asks keeps its socket and its databases."""

import os
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from pathlib import Path

from edgeagent.config.layers import config_files, load
from edgeagent.config.tree import Problem
from edgeagent.daemon.settings import parse

DEFAULT_CONFIG = Path("/etc/edgeagent/edgeagent.toml")


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of one daemon, and which pod it is as far as the configuration says.

    ``journal`` holds the databases; ``unread`` tells of files that could not be read, so that defaults stand in.
    """

    journal: Path
    socket: Path
    name: str
    unread: tuple[Problem, ...] = ()


def add_options(parser: ArgumentParser) -> None:
    """The options that say which daemon is meant."""
    config = os.environ.get("EDGEAGENT_CONFIG", str(DEFAULT_CONFIG))
    parser.add_argument(
        "--config",
        type=Path,
        default=Path(config),
        metavar="FILE",
        help="the configuration (default: %(default)s, or what EDGEAGENT_CONFIG names)",
    )


def find(options: Namespace) -> Place:
    """The folders that the configuration names; a broken one is read as far as it goes, an absent one has defaults."""
    loaded = load(config_files(options.config))
    settings = parse(loaded.root, os.environ)
    folder = loaded.root.table("store").optional_file("folder")
    name = f"{settings.site}/{settings.pod}" if settings.site and settings.pod else "this pod"
    unread = tuple(one for one in loaded.problems if not one.path)
    return Place(folder or settings.state, settings.socket, name, unread)


def say_unread(where: Place) -> None:
    """Tell on standard error which files could not be read: the answer is then about the default places."""
    for problem in where.unread:
        print(f"edgeagent: {problem}", file=sys.stderr)
