"""The ``[traps]`` of a profile file: one row each."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import get_args

from edgeagent.config.reader import Reader
from edgeagent.model.decision import Severity
from edgeagent.model.event import Weight
from edgeagent.protocols.profile_columns import Columns
from edgeagent.protocols.trap_words import Trap

WEIGHTS: Mapping[str, Weight] = MappingProxyType({one: one for one in (*get_args(Severity), "info")})
WORD = r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*"


def read_traps(reader: Reader, columns: Columns) -> tuple[Trap, ...]:
    """What a family's traps mean; mistakes go to the reader."""
    return tuple(_trap(one, columns) for one in reader.table("traps").tables("rows"))


def _trap(reader: Reader, columns: Columns) -> Trap:
    column = columns.one(reader)
    return Trap(
        column.object,
        column.oid,
        reader.text("word", pattern=WORD, max_length=64),
        WEIGHTS[reader.choice("severity", WEIGHTS)],
        reader.text("text", max_length=200),
    )
