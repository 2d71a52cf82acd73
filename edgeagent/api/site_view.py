"""``/v1/site``: racks and feeds as the page draws them."""

from collections.abc import Mapping

from edgeagent.model.points import point_id
from edgeagent.model.site import Site

INLET_POWER = "inlet.power"
"""Every PDU driver gives the power of its inlet this name."""


def site_view(site: Site) -> Mapping[str, object]:
    """Feeds with the inlet power of each PDU, and racks with their inlet temperature and their PDUs."""
    return {
        "feeds": [{"name": feed, "power": _powers(site, feed=feed)} for feed in site.feeds],
        "racks": [
            {
                "name": rack.name,
                "aisle": rack.aisle,
                "inlet": rack.inlet,
                "power": _powers(site, rack=rack.name),
                "loads": [load.name for load in site.loads.values() if load.rack == rack.name],
            }
            for rack in site.racks.values()
        ],
    }


def _powers(site: Site, *, feed: str | None = None, rack: str | None = None) -> list[str]:
    return [
        point_id(pdu.device, INLET_POWER)
        for pdu in site.pdus.values()
        if feed in (None, pdu.feed) and rack in (None, pdu.rack)
    ]
