"""``edgeagent check``: every mistake of a configuration at once, with file, line and suggestion."""

import json
import os
from argparse import ArgumentParser, Namespace

from edgeagent.cli import place
from edgeagent.config.tree import Problem
from edgeagent.daemon.configuration import Checked, check


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    place.add_options(parser)
    parser.add_argument("--explain", metavar="KEY", help="say which file a key's value comes from, as in uplink.broker")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def execute(options: Namespace) -> int:
    """Check, print, and say by the exit code whether the daemon would start with it."""
    checked = check(options.config, os.environ)
    if options.explain:
        return _explain(checked, options.explain)
    if options.json:
        print(
            json.dumps({"ok": not checked.problems, "problems": [_as_dict(one) for one in checked.problems]}, indent=2)
        )
    elif checked.problems:
        print("\n".join(map(str, checked.problems)))
        words = "1 mistake" if len(checked.problems) == 1 else f"{len(checked.problems)} mistakes"
        print(f"\n{words}: the daemon would not start with {options.config}")
    else:
        print(f"{options.config} is sound: {checked.summary}")
    return 1 if checked.problems else 0


def _explain(checked: Checked, key: str) -> int:
    found = checked.loaded.explain(key)
    if not found:
        print(f"no key is named {key}")
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
