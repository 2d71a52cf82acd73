"""Migrations: numbered steps that bring a database's schema to the program's; ``user_version`` counts those done.

A step, once released, is never edited: a mistake is mended by the next one.
"""

import sqlite3
from collections.abc import Sequence

from edgeagent.model.errors import StoreError

Migration = Sequence[str]
"""The statements of one step; they run in one transaction."""


def version_of(connection: sqlite3.Connection) -> int:
    """How many steps the database has taken."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection, name: str, migrations: Sequence[Migration]) -> int:
    """Take the steps that are missing, each whole or not at all; returns how many were taken.

    Raises:
        TooNew: the database was written by a newer program.
    """
    version = version_of(connection)
    if version > len(migrations):
        raise TooNew(
            f"cannot open {name}: its schema is version {version} and this program knows {len(migrations)}; "
            "install the edgeagent that wrote it, or move the file away"
        )
    for number in range(version, len(migrations)):
        _step(connection, number + 1, migrations[number])
    return len(migrations) - version


def _step(connection: sqlite3.Connection, number: int, statements: Migration) -> None:
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        for statement in statements:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number:d}")


class TooNew(StoreError):
    """A newer program wrote the database: nothing is read, nothing is changed."""
