"""What decisions look at: with these points alone they come out the same as with all."""

from edgeagent.autonomy.compiled import Tables, inlet_power_point, power_point, state_point
from edgeagent.model.points import PointId
from edgeagent.model.site import Site


def watched(tables: Tables, site: Site) -> tuple[PointId, ...]:
    """The points of limits, of every cord of a load, of the PDUs that feed them, and of what cools; sorted."""
    found = {limit.point for limit in tables.limits} | {one.target for one in tables.cooling}
    for load in site.loads.values():
        for cord in load.cords:
            found |= {state_point(cord), power_point(cord), inlet_power_point(cord.pdu)}
    return tuple(sorted(found))
