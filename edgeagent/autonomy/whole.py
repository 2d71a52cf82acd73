"""Whole loads: what is decided for each cord, as it is carried out. A load whose cords all go one way is one act."""

from collections.abc import Iterable, Sequence
from hashlib import sha256

from edgeagent.autonomy.compiled import Tables
from edgeagent.model.intent import Output
from edgeagent.model.site import Load, Site


def whole(outputs: Iterable[Output], tables: Tables, site: Site) -> tuple[Output, ...]:
    """The outputs, with those of all the cords of a load made one that names the load; sorted by target.

    A single cord that goes another way than its load's others stays what it is: an order for an outlet.
    """
    by_load: dict[str, list[Output]] = {}
    found: list[Output] = []
    for output in outputs:
        if output.target in tables.cords:
            by_load.setdefault(tables.cords[output.target][0], []).append(output)
        else:
            found.append(output)
    for name, mine in by_load.items():
        load = site.loads[name]
        is_whole = len(mine) == len(load.cords) and len({one.value for one in mine}) == 1
        found.extend([_merged(load, mine)] if is_whole else mine)
    return tuple(sorted(found, key=lambda one: one.target))


def _merged(load: Load, mine: Sequence[Output]) -> Output:
    """One output in the words of the cord that has the best rank."""
    first = min(mine, key=lambda one: (one.rank, one.target))
    limited = tuple(dict.fromkeys(source for one in mine for source in one.limited))
    name = sha256("\0".join(one.decision for one in mine).encode()).hexdigest()[:16]
    return Output(load.target, first.value, first.rank, first.source, first.reason, name, limited)
