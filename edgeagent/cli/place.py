"""Where the daemon that a command asks keeps its socket and its databases."""

import os
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from pathlib import Path

from edgeagent.config.layers import config_files, load
from edgeagent.daemon.settings import parse

DEFAULT_CONFIG = Path("/etc/edgeagent/edgeagent.toml")


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of one daemon, and which pod it is as far as the configuration says."""

    state: Path
    socket: Path
    site: str
    pod: str


def add_options(parser: ArgumentParser) -> None:
    """The options that say which daemon is meant."""
    config = os.environ.get("EDGEAGENT_CONFIG", str(DEFAULT_CONFIG))
    parser.add_argument(
        "--config", type=Path, default=Path(config), metavar="FILE", help="the configuration (default: %(default)s)"
    )


def find(options: Namespace) -> Place:
    """The folders that the configuration names; a broken one is read as far as it goes, an absent one has defaults."""
    settings = parse(load(config_files(options.config)).root, os.environ)
    return Place(settings.state, settings.socket, settings.site, settings.pod)
