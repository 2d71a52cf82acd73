"""``python -m scripts.driver_docs``: write the pages of docs/drivers anew; with ``--check`` only say which are old."""

import sys
from collections.abc import Mapping
from pathlib import Path

from scripts.driver_docs import bacnet, index, modbus, snmp, sunspec
from scripts.driver_docs.facts import BY_HAND
from scripts.driver_docs.page import FOLDER, MADE, ROOT

MARK = MADE.partition(";")[0]


def pages() -> Mapping[Path, str]:
    """What each page that is made should say."""
    made = [*snmp.families(), *modbus.families(), *bacnet.families(), *sunspec.families()]
    everything = sorted([*made, *BY_HAND], key=lambda one: (one.word, one.name))
    return {FOLDER / "README.md": index.text(everything)} | {one.path: one.text for one in made}


def old(wanted: Mapping[Path, str]) -> list[Path]:
    """Pages that say something else, and those whose family is gone."""
    gone = [path for path in FOLDER.glob("*.md") if path not in wanted and path.read_text().startswith(MARK)]
    differing = [path for path, text in wanted.items() if not path.is_file() or path.read_text() != text]
    return sorted([*differing, *gone])


def main(arguments: list[str]) -> int:
    """Exit code 1 where a check found an old page."""
    wanted = pages()
    changed = old(wanted)
    if "--check" in arguments:
        for path in changed:
            print(f"{path.relative_to(ROOT)} is not what scripts/docs makes: run scripts/docs")
        return 1 if changed else 0
    for path in changed:
        if path in wanted:
            path.write_text(wanted[path])
        else:
            path.unlink()
        print(f"docs: {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
