"""The page of everything that describes itself by SunSpec models, from the list of points that we look for."""

from collections.abc import Iterator, Sequence

from edgeagent.actuators.reserve import RESERVE
from edgeagent.actuators.storage import LIMIT, POWER
from edgeagent.drivers.sunspec_points import Aspect, Row, rows
from edgeagent.model.units import UNIT_OF_KIND
from scripts.driver_docs.facts import stub_of
from scripts.driver_docs.page import Family, code, joined, number, section, simulated, table, toml

ABOUT = """Nothing is listed beforehand: the models are found behind the header `SunS`, and each point is read from the
first model of its list that the device has and that says something. Scale factors are read in the same block as their
values; codes for "not implemented" are BAD `sentinel`. All units behind one address share one connection. Models:
the [definitions](https://github.com/sunspec/models) of the SunSpec Alliance."""
NAMES = """Battery power is positive while it discharges, a meter's while energy is imported. A device is foremost what
its `driver` says; what it also is has that word before its points (`inverter.ac.power` of a battery). `{n}` counts the
repetitions of a model."""
SETTABLE = (
    (POWER, "W, + discharges", "704 WSet or WSetPct, 124 InWRte and OutWRte", "the device's own, `RvrtTms` 60 s: idle"),
    (LIMIT, "% of the rating", "704 WMaxLimPct, 123 WMaxLimPct", "the device's own, `RvrtTms`: no limit"),
    (RESERVE, "%", "802 SoCRsvMin, 124 MinRsvPct", "none needed: it stays"),
)
SAMPLE = f"""
[devices.battery-1]
driver = "battery"
address = "sunspec://192.0.2.50:502/1"  # host, port, unit

[devices.battery-1.set."{POWER}"]
lowest = -8000   # charging
highest = 8000   # discharging
max_step = 4000
every = "1 s"

[devices.battery-1.set."{RESERVE}"]
lowest = 20
highest = 80

[devices.pv-1]
driver = "inverter"
address = "sunspec://192.0.2.51:502/1"

[devices.pv-1.set."{LIMIT}"]
lowest = 0
highest = 100

[devices.meter-1]
driver = "meter"
address = "sunspec://192.0.2.51:502/200"
"""
ORDER = (Aspect.BATTERY, Aspect.INVERTER, Aspect.METER, Aspect.WEATHER, Aspect.DEVICE)
TITLES = {Aspect.DEVICE: "of the device itself", Aspect.WEATHER: "weather"}


def families() -> Iterator[Family]:
    """The one."""
    stub = stub_of("sunspec")
    yield Family(
        word="battery, inverter, meter",
        name="sunspec",
        title="inverters, batteries and meters",
        protocol="SunSpec over Modbus",
        stub=stub,
        writes=joined(name for name, *_ in SETTABLE),
        sections=[
            ABOUT,
            section("Points", f"{NAMES}\n\n" + "\n\n".join(_points(aspect) for aspect in ORDER)),
            section("What can be set", table(["point", "unit", "model and point", "way back"], map(_set, SETTABLE))),
            section("Sample", toml(SAMPLE)),
            section("Simulated by", simulated(stub)),
        ],
    )


def _set(row: Sequence[str]) -> list[str]:
    return [code(row[0]), *row[1:]]


def _points(aspect: Aspect) -> str:
    head = [
        f"point ({TITLES.get(aspect, aspect.value)})",
        "kind",
        "unit",
        "model: point, the first that says something",
    ]
    lines: dict[str, list[Row]] = {}
    for row in rows():
        if row.aspect is aspect:
            lines.setdefault(row.name, []).append(row)
    return table(head, [_line(name, same) for name, same in lines.items()])


def _line(name: str, same: Sequence[Row]) -> list[str]:
    kind = same[0].kind
    return [code(name), kind.value, UNIT_OF_KIND[kind], ", else ".join(map(_place, same))]


def _place(row: Row) -> str:
    factor = "" if row.factor == 1.0 else f" x {number(row.factor)}"
    share = "" if row.times is None else f" of {row.times[0]} {row.times[1]}"
    only = " and ".join(f"{point} is {word}" for point, word in row.only_if)
    return f"{_numbers(row.models)}: {row.point}{factor}{share}" + (f" (while {only})" if only else "")


def _numbers(models: Sequence[int]) -> str:
    """Neighbours as a range: 101-103, 111-113."""
    runs: list[list[int]] = []
    for model in models:
        if runs and model == runs[-1][-1] + 1:
            runs[-1].append(model)
        else:
            runs.append([model])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
