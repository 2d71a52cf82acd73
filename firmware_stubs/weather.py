"""Outdoor air and sun: from an hourly trace of a typical year, or from a cloudless sky of our own.

A trace is CSV with a line `month,day,hour,...` that names the columns `drybulb_c`, `ghi_wh_m2`, `dni_wh_m2` and
`dhi_wh_m2`; hour 1 to 24 of local standard time. A comment before it may hold an EPW LOCATION line, whose latitude is
taken. Sun positions are by Cooper's declination and solar time, which is good to a few degrees.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

HOUR_S = 3600.0
DAY_H = 24.0
YEAR_H = 365 * 24
LATITUDE_DEG = 45.0
MIDSUMMER_H = 171 * DAY_H  # the 21st of June, 00:00
COLUMNS = ("drybulb_c", "ghi_wh_m2", "dni_wh_m2", "dhi_wh_m2")


@dataclass(frozen=True)
class Sky:
    """One moment. Irradiance in W/m2: global and diffuse on the flat, direct towards the sun."""

    outdoor_c: float
    global_w_m2: float
    direct_w_m2: float
    diffuse_w_m2: float
    hour: float  # of the year, 0 to 8760
    latitude_deg: float = LATITUDE_DEG

    def on_plane(self, tilt_deg: float) -> float:
        """Irradiance on a plane tilted to the south, with 20 % reflected from the ground (isotropic sky)."""
        tilt = math.radians(tilt_deg)
        direct = self.direct_w_m2 * max(0.0, _cosine(self.hour, self.latitude_deg - tilt_deg))
        diffuse = self.diffuse_w_m2 * (1.0 + math.cos(tilt)) / 2.0
        return direct + diffuse + 0.2 * self.global_w_m2 * (1.0 - math.cos(tilt)) / 2.0


class Weather(Protocol):
    """A sky for each second since the world began."""

    def at(self, time_s: float) -> Sky: ...


@dataclass(frozen=True)
class ClearSky:
    """Never a cloud (Haurwitz' model), and a mild day of one sine. World time 0 is `start_h` of the year."""

    start_h: float = MIDSUMMER_H + 9.0
    mean_c: float = 20.0
    latitude_deg: float = LATITUDE_DEG

    def at(self, time_s: float) -> Sky:
        hour = (self.start_h + time_s / HOUR_S) % YEAR_H
        up = _cosine(hour, self.latitude_deg)
        whole = 1098.0 * up * math.exp(-0.057 / up) if up > 0.01 else 0.0
        diffuse = 0.14 * whole
        outdoor_c = self.mean_c + 6.0 * math.sin(math.tau * (hour - 9.0) / DAY_H)
        return Sky(outdoor_c, whole, (whole - diffuse) / up if whole else 0.0, diffuse, hour, self.latitude_deg)


@dataclass(frozen=True)
class Trace:
    """Hourly rows, joined by straight lines; after the last comes the first. World time 0 is `start_h` of the year."""

    rows: tuple[tuple[float, float, float, float], ...]  # as COLUMNS
    start_h: float = MIDSUMMER_H + 9.0
    latitude_deg: float = LATITUDE_DEG

    def at(self, time_s: float) -> Sky:
        hour = (self.start_h + time_s / HOUR_S) % len(self.rows)
        # A row tells of the hour that ends with it: it stands for that hour's middle.
        place = hour - 0.5
        first, share = math.floor(place), place - math.floor(place)
        one, two = self.rows[first % len(self.rows)], self.rows[(first + 1) % len(self.rows)]
        outdoor_c, whole, direct, diffuse = (a + (b - a) * share for a, b in zip(one, two, strict=True))
        return Sky(outdoor_c, whole, direct, diffuse, hour, self.latitude_deg)


def read_trace(path: Path, start_h: float = MIDSUMMER_H + 9.0) -> Trace:
    """The trace of a file, or of the first CSV of a folder; OSError, or ValueError when it is none."""
    chosen = min(path.glob("*.csv"), default=path) if path.is_dir() else path
    with chosen.open(newline="") as lines:
        comments, table = _split(lines)
    rows = []
    for number, row in enumerate(csv.DictReader(table), 1):
        try:
            rows.append(_numbers(row))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{chosen} is no weather trace: row {number} lacks {error}") from error
    if not rows:
        raise ValueError(f"{chosen} is no weather trace: it has no rows")
    return Trace(tuple(rows), start_h, _latitude(comments))


def _numbers(row: dict[str, str]) -> tuple[float, float, float, float]:
    drybulb, whole, direct, diffuse = (float(row[name]) for name in COLUMNS)
    return drybulb, whole, direct, diffuse


def _split(lines: Iterable[str]) -> tuple[list[str], list[str]]:
    """Comments and the rest."""
    every = list(lines)
    return [line for line in every if line.startswith("#")], [line for line in every if not line.startswith("#")]


def _latitude(comments: list[str]) -> float:
    for line in comments:
        _, found, rest = line.partition("LOCATION,")
        fields = rest.split(",")
        if found and len(fields) > 5:
            return float(fields[5])
    return LATITUDE_DEG


def _cosine(hour: float, latitude_deg: float) -> float:
    """The sine of the sun's height above a plane that is flat at this latitude."""
    declination = math.radians(23.45) * math.sin(math.tau * (284 + hour / DAY_H + 1) / 365)
    angle = math.tau * (hour % DAY_H - 12.0) / DAY_H
    latitude = math.radians(latitude_deg)
    height = math.sin(latitude) * math.sin(declination)
    return height + math.cos(latitude) * math.cos(declination) * math.cos(angle)
