from edgeagent.model.points import DeviceId
from edgeagent.model.site import Load, Outlet, Rack, RackPdu, ServiceClass, Site

A, B = DeviceId("pdu-a"), DeviceId("pdu-b")
SERVER = Load("server-1", ServiceClass.P1, "r1", (Outlet(A, 3), Outlet(B, 3)))
SWITCH = Load("switch-1", ServiceClass.P2, "r1", (Outlet(A, 4),))
SITE = Site(
    ("A", "B"),
    {"r1": Rack("r1")},
    {A: RackPdu(A, "A", "r1"), B: RackPdu(B, "B", "r1")},
    {"server-1": SERVER, "switch-1": SWITCH},
)


def test_a_load_knows_the_feeds_that_can_supply_it():
    assert SITE.feeds_of(SERVER) == {"A", "B"}
    assert SITE.feeds_of(SWITCH) == {"A"}


def test_a_cord_to_an_unknown_pdu_is_no_source():
    assert SITE.feeds_of(Load("stray", ServiceClass.P3, "r1", (Outlet(DeviceId("gone"), 1), Outlet(B, 5)))) == {"B"}


def test_an_outlet_leads_to_its_load():
    assert SITE.load_at(Outlet(B, 3)) is SERVER
    assert SITE.load_at(Outlet(B, 4)) is None
    assert str(Outlet(A, 3)) == "pdu-a/outlet.3"


def test_an_empty_site_supplies_nothing():
    assert Site().feeds_of(SERVER) == frozenset()
    assert Site().load_at(Outlet(A, 3)) is None
