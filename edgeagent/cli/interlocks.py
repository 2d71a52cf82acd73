"""``edgeagent interlocks``: causes and effects as a table, each interlock in each of its places."""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from typing import Any

from edgeagent.cli import client, place, table

EPILOG = """examples:
  edgeagent interlocks                     where each stands
  edgeagent interlocks --tripped           only those that are not clear
  edgeagent explain hot-p3@r3              one of them in words
  edgeagent reset hot-p3@r3                end a latch

How to write, watch and arm one: docs/autonomy.md.
exit codes: 0 none is tripped or latched, 1 one is, 3 the daemon is not running"""

LETS = ["restore"]
"""The effects of an interlock that lets loads return: that it holds is how things should be."""
WORDS = {"tripped": "loads may return", "clear": "loads may not return yet"}
QUIET = frozenset({"clear", "out of service"})


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog = EPILOG
    place.add_options(parser)
    parser.add_argument("--tripped", action="store_true", help="only those that are pending, tripped, latched or blind")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def execute(options: Namespace) -> int:
    """Exit code 1 when one is tripped or latched."""
    where = place.find(options)
    try:
        found = client.get(where.socket, "/v1/autonomy")
    except client.NotRunningError as error:
        place.say_unread(where)
        return client.say_not_running(error)
    print(json.dumps(found, indent=2) if options.json else "\n".join(_lines(found, only_tripped=options.tripped)))
    places = [one for row in found["matrix"]["rows"] if row["effects"] != LETS for one in row["places"]]
    return 1 if any(one["standing"] in {"tripped", "latched"} for one in places) else 0


def _lines(found: Mapping[str, Any], *, only_tripped: bool) -> Iterator[str]:
    rows = [
        (
            one["id"],
            row["state"],
            ", ".join(row["effects"]),
            _standing(one, row),
            table.duration(one["for_s"]),
            one["why"],
        )
        for row in found["matrix"]["rows"]
        for one in row["places"]
        if not only_tripped or one["blind"] or (row["effects"] != LETS and one["standing"] not in QUIET)
    ]
    if rows:
        yield table.render(("INTERLOCK", "STATE", "EFFECT", "STANDS", "SINCE", "WHY"), rows, right=("SINCE",))
    else:
        yield (
            "every interlock is clear"
            if found["matrix"]["rows"]
            else "there are no interlocks: no racks are configured"
        )
    for one in found["uncovered"]:
        yield table.paragraph(f"not watched: {one}")


def _standing(one: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    if row["effects"] == LETS and one["standing"] in WORDS:
        return WORDS[one["standing"]]
    waits = f", {one['waits_s']:g} s more" if one["waits_s"] is not None else ""
    return f"{one['standing']}{' (blind)' if one['blind'] else ''}{waits}"
