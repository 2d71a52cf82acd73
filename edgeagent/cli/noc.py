"""``edgeagent noc``: the central end: serve it, list its pods and their points, make its keys."""

import json
import time
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Iterator
from dataclasses import asdict
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from edgeagent.cli import table
from edgeagent.config.layers import config_files, load
from edgeagent.config.tree import Problem
from edgeagent.model.errors import ConfigError

if TYPE_CHECKING:
    from edgeagent.noc.alarms import AlarmRow
    from edgeagent.noc.events import EventRow
    from edgeagent.noc.query import PodRow, PointRow
    from edgeagent.noc.settings import NocSettings

DEFAULT_CONFIG = Path("/etc/edgeagent/noc.toml")

EPILOG = """examples:
  edgeagent noc keys /etc/edgeagent        make the signing key, and the keyring that goes to every pod
  edgeagent noc serve --config noc.toml    receive pods until Ctrl-C
  edgeagent noc pods --config noc.toml
  edgeagent noc points zrh/pod-07 '*/inlet.*' --config noc.toml

exit codes: 0 nothing is missing (pods) or something matches (points), 1 otherwise"""
ACTION_EPILOGS = {
    "serve": "example:\n  edgeagent noc serve --config /etc/edgeagent/noc.toml",
    "pods": "examples:\n  edgeagent noc pods\n  edgeagent noc pods --json | jq '.[] | select(.missing > 0)'\n\n"
    "SEEN is since the last record, BEHIND the age of the newest reading; the pod told of DROPPED, not of MISSING.",
    "points": "examples:\n  edgeagent noc points zrh/pod-07\n  edgeagent noc points zrh/pod-07 '*.temperature' --json",
    "alarms": "examples:\n  edgeagent noc alarms\n  edgeagent noc alarms zrh/pod-07 --json\n\n"
    "exit codes: 0 none stands, 1 some stand",
    "events": "examples:\n  edgeagent noc events\n  edgeagent noc events zrh/pod-07 --limit 200 --json\n\n"
    "An event was told, by a trap or the kernel's log, and proves nothing: what stands is among the alarms.",
    "keys": "example:\n  edgeagent noc keys /etc/edgeagent-noc\n\nA key that is there already is never overwritten.",
}


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog = EPILOG
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for name, text in (
        ("serve", "receive pods until Ctrl-C"),
        ("pods", "list the pods: state, records held, announced gaps, missing records"),
        ("points", "list the newest reading of every point"),
        ("alarms", "list the alarms that stand, of one pod or of all, worst first"),
        ("events", "list what pods heard of, by traps and from kernels, newest first"),
        ("keys", "make the signing key for acknowledgements, and the keyring for the pods"),
    ):
        action = actions.add_parser(
            name,
            help=text,
            description=text[0].upper() + text[1:] + ".",
            epilog=ACTION_EPILOGS[name],
            formatter_class=RawDescriptionHelpFormatter,
        )
        if name == "keys":
            action.add_argument("folder", type=Path, help="where ingest.key and keyring.toml are written")
            continue
        action.add_argument(
            "--config", type=Path, default=DEFAULT_CONFIG, metavar="FILE", help="(default: %(default)s)"
        )
        if name != "serve":
            action.add_argument("--json", action="store_true", help="print one JSON array")
        if name in {"points", "alarms", "events"}:
            action.add_argument("pod", nargs="?", help="only this pod, as site/name")
        if name == "events":
            action.add_argument("--limit", type=int, default=50, help="how many at most (default: %(default)s)")
        if name == "points":
            action.add_argument("pattern", nargs="?", default="*", help="only points whose name matches")


def execute(options: Namespace) -> int:
    """Do what is asked; the exit code."""
    if options.action == "keys":
        return _keys(options.folder)
    settings = read(options.config)
    if options.action == "serve":
        from edgeagent.daemon.serve_noc import run

        return run(settings)
    return {"pods": _pods, "points": _points, "alarms": _alarms, "events": _events}[options.action](settings, options)


def read(path: Path) -> "NocSettings":
    """The NOC's settings.

    Raises:
        ConfigError: there are mistakes; all are in the message.
    """
    from edgeagent.noc.settings import parse

    loaded = load(config_files(path))
    settings = parse(loaded.root.table("noc"))
    loaded.root.finish()
    problems: tuple[Problem, ...] = loaded.problems
    if problems:
        raise ConfigError("cannot use the configuration:\n" + "\n".join(f"  {one}" for one in problems))
    return settings


def _keys(folder: Path) -> int:
    from edgeagent.cli.keys import make_ingest_keys

    files = make_ingest_keys(folder)
    print(f"signing key  {files.key}    stays here; name it as noc.signing_key")
    print(f"keyring      {files.keyring}    copy it to every pod; name it as uplink.keyring")
    return 0


def _pods(settings: "NocSettings", options: Namespace) -> int:
    """Exit code 0 when nothing is missing anywhere, 1 otherwise."""
    from edgeagent.noc.query import pods

    now_s = time.time()
    rows = pods(settings.database, now_s)
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    elif rows:
        print(table.render(POD_HEAD, [_pod_line(row, now_s) for row in rows], right=POD_HEAD[3:]))
        for worry in _worries(rows):
            print(worry)
    else:
        print("no pod has been heard yet")
    return 1 if any(row.missing or row.conflicts or row.chain_breaks for row in rows) else 0


POD_HEAD = ("POD", "STATE", "VERSION", "SEEN", "DEVICES", "POINTS", "RECORDS", "DROPPED", "MISSING", "BEHIND")


def _pod_line(row: "PodRow", now_s: float) -> tuple[str, ...]:
    return (
        f"{row.site}/{row.pod}",
        row.state + (f" ({row.why})" if row.why else ""),
        row.version or "-",
        table.duration(now_s - row.last_seen_s),
        str(row.devices),
        str(row.points),
        str(sum(row.records.values())),
        str(row.gaps + sum(row.lost.values())),
        str(row.missing),
        table.duration(row.lag_s),
    )


def _worries(rows: list["PodRow"]) -> Iterator[str]:
    for row in rows:
        if row.missing:
            yield f"{row.site}/{row.pod}: {row.missing} records are missing, or still on their way"
        if row.conflicts:
            yield f"{row.site}/{row.pod}: {row.conflicts} records came twice with different content"
        if row.chain_breaks:
            yield f"{row.site}/{row.pod}: the audit chain is broken in {row.chain_breaks} places"


def _points(settings: "NocSettings", options: Namespace) -> int:
    """Exit code 1 when nothing matches."""
    from edgeagent.noc.query import points

    site, _, pod = (options.pod or "").partition("/")
    found = points(settings.database, site=site or None, pod=pod or None)
    rows = [row for row in found if fnmatchcase(row.point, options.pattern)]
    now_s = time.time()
    if options.json:
        print(json.dumps([{**asdict(row), "age_s": row.age_s(now_s)} for row in rows], indent=2))
    elif rows:
        lines = [_point_line(row, now_s) for row in rows]
        print(table.render(("POD", "POINT", "VALUE", "UNIT", "QUALITY", "AGE"), lines, right=("VALUE", "AGE")))
    else:
        print("no point matches")
    return 0 if rows else 1


def _point_line(row: "PointRow", now_s: float) -> tuple[str, ...]:
    quality = row.quality + (f" ({row.reason.replace('_', ' ')})" if row.reason else "")
    value = table.number(row.value)
    return (f"{row.site}/{row.pod}", row.point, value, table.unit(row.unit), quality, table.duration(row.age_s(now_s)))


def _alarms(settings: "NocSettings", options: Namespace) -> int:
    """Exit code 1 when one stands."""
    from edgeagent.noc.alarms import standing

    site, _, pod = (options.pod or "").partition("/")
    rows = standing(settings.database, site=site or None, pod=pod or None)
    now_s = time.time()
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    elif rows:
        lines = [_alarm_line(row, now_s) for row in rows]
        print(table.render(("SEVERITY", "POD", "TOLD", "ALARM", "WHAT"), lines, right=("TOLD",)))
    else:
        print("No alarms.")
    return 1 if rows else 0


def _alarm_line(row: "AlarmRow", now_s: float) -> tuple[str, ...]:
    told = table.duration(None if row.wall_s is None else now_s - row.wall_s)
    seen = f"; {row.word} by {row.by}" if row.by else ""
    return (row.severity, f"{row.site}/{row.pod}", told, row.key, row.text + seen)


def _events(settings: "NocSettings", options: Namespace) -> int:
    from edgeagent.noc.events import newest

    site, _, pod = (options.pod or "").partition("/")
    rows = newest(settings.database, options.limit, site=site or None, pod=pod or None)
    now_s = time.time()
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    elif rows:
        lines = [_event_line(row, now_s) for row in rows]
        print(table.render(("SEVERITY", "POD", "TOLD", "EVENT", "ABOUT", "WHAT"), lines, right=("TOLD",)))
    else:
        print("No events.")
    return 0


def _event_line(row: "EventRow", now_s: float) -> tuple[str, ...]:
    told = table.duration(None if row.wall_s is None else now_s - row.wall_s)
    return (row.severity, f"{row.site}/{row.pod}", told, row.word, row.subject or "-", row.text)
