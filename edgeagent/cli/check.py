"""``edgeagent check``: every mistake of a configuration at once, with file, line and suggestion; a pod's or a NOC's."""

import json
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgeagent.cli import place
from edgeagent.config.layers import Loaded, config_files, load
from edgeagent.config.secrets import NO_FOLDER
from edgeagent.config.tree import Problem
from edgeagent.daemon import configuration
from edgeagent.model.errors import ConfigError

EPILOG = """examples:
  edgeagent check
  edgeagent check --config noc.toml                 a file with [noc] is checked as the central end's
  edgeagent check --credentials /etc/edgeagent/credentials
  edgeagent check --explain uplink.broker           which file won

exit codes: 0 sound, 1 there are mistakes"""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog = EPILOG
    place.add_options(parser)
    parser.add_argument(
        "--credentials", type=Path, metavar="FOLDER", help="read { credential = … } there, as systemd would give them"
    )
    parser.add_argument("--explain", metavar="KEY", help="say which file a key's value comes from, as in uplink.broker")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


@dataclass(frozen=True, slots=True)
class Found:
    """A configuration that was read, and what it describes."""

    loaded: Loaded
    summary: str

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Every mistake, by file and line."""
        return self.loaded.problems


def execute(options: Namespace) -> int:
    """Check, print, and say by the exit code whether there is a mistake."""
    environment = dict(os.environ)
    if options.credentials:
        environment["CREDENTIALS_DIRECTORY"] = str(options.credentials)
    found = examine(options.config, environment)
    if options.explain:
        return _explain(found.loaded, options.explain)
    if options.json:
        print(json.dumps({"ok": not found.problems, "problems": [_as_dict(one) for one in found.problems]}, indent=2))
    else:
        print("\n".join(_lines(options.config, found)))
    return 1 if found.problems else 0


def examine(path: Path, environment: Mapping[str, str]) -> Found:
    """Have the parsers of the pod, or of the NOC if the file has its table, read the configuration."""
    if "noc" in load(config_files(path)).root.keys():  # noqa: SIM118 -- a Reader is no dict
        return _examine_noc(path)
    checked = configuration.check(path, environment)
    configuration.check_files(checked)
    return Found(checked.loaded, checked.summary)


def _examine_noc(path: Path) -> Found:
    from edgeagent.noc.settings import parse
    from edgeagent.wire.keyring import load_signing_key

    loaded = load(config_files(path))
    reader = loaded.root.table("noc")
    settings = parse(reader)
    if settings.key.name:
        try:
            load_signing_key(settings.key)
        except ConfigError as error:
            reader.problem("signing_key", str(error))
    loaded.root.finish()
    return Found(loaded, f"a NOC behind {settings.broker}")


def _lines(path: Path, found: Found) -> list[str]:
    if not found.problems:
        return [f"{path} is sound: {found.summary}"]
    count = len(found.problems)
    lines = [*map(str, found.problems), "", f"{count} mistake{'' if count == 1 else 's'} in {path}"]
    if any(NO_FOLDER in one.message for one in found.problems):
        lines.append("To read credentials outside systemd, add --credentials FOLDER (/etc/edgeagent/credentials).")
    return lines


def _explain(loaded: Loaded, key: str) -> int:
    found = loaded.explain(key)
    if not found:
        near = loaded.nearest_path(key)
        print(f"no key is named {key}" + (f"; did you mean {near}?" if near else ""))
        return 1
    print("\n".join(map(str, found)))
    return 0


def _as_dict(problem: Problem) -> dict[str, object]:
    return {
        "file": problem.origin.file,
        "line": problem.origin.line,
        "key": problem.path,
        "message": problem.message,
        "suggestion": problem.suggestion,
    }
