"""The office's registers as TOML in the site's folder: aircraft.toml, pilots.toml, approvals.toml, weather.toml.

Where a file is missing, the table of that name in site.toml is the register's only entry.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import shapely
import tomli_w
from pydantic import Field

from flights.registers import Approval, Pilot, RegisteredAircraft, Weather
from pipeline import site as entries
from pipeline.toml_file import Entry, read_toml

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.site import Site


class AircraftEntry(Entry):
    """`[[aircraft]]` of aircraft.toml."""

    id: str = Field(min_length=1)
    registration: str
    remote_id: str


class _Aircraft(Entry):
    aircraft: tuple[AircraftEntry, ...]


class _Pilots(Entry):
    pilot: tuple[entries.Pilot, ...]


class _Approvals(Entry):
    approval: tuple[entries.Approval, ...]


def site_now_s(site: Site) -> float:
    """UTC now; in a rendered site, when its patrol takes place."""
    return site.settings.scene.start.timestamp() if site.settings.scene else time.time()


def read_pilots(site: Site) -> tuple[Pilot, ...]:
    """The pilots on the register.

    Raises:
        BadInput: pilots.toml is wrong.
    """
    path, one = site.folder / "pilots.toml", site.settings.pilot
    found = read_toml(_Pilots, path).pilot if path.exists() else (one,) if one else ()
    return tuple(
        Pilot(
            name=each.name,
            licence=each.licence,
            licence_until_s=each.licence_valid_until.timestamp() if each.licence_valid_until else None,
            duty=tuple((shift.start.timestamp(), shift.end.timestamp()) for shift in each.duty),
        )
        for each in found
    )


def current_approval(site: Site, at_s: float) -> Approval | None:
    """The approval that is valid then over the aircraft's home; else any, so that the checklist can say what is wrong.

    Raises:
        BadInput: approvals.toml is wrong.
    """
    path, one, aircraft = site.folder / "approvals.toml", site.settings.approval, site.settings.aircraft
    found = read_toml(_Approvals, path).approval if path.exists() else (one,) if one else ()
    approvals = [
        Approval(
            number=each.number,
            outline=shapely.Polygon(each.outline_lonlat),
            floor_m=each.min_height_agl_m,
            ceiling_m=each.max_height_agl_m,
            valid_from_s=each.valid_from.timestamp(),
            valid_until_s=each.valid_until.timestamp(),
        )
        for each in found
    ]

    def fitness(approval: Approval) -> tuple[bool, bool]:
        here = aircraft and approval.outline.covers(shapely.Point(aircraft.home_lon_deg, aircraft.home_lat_deg))
        return approval.valid_from_s <= at_s < approval.valid_until_s, bool(here)

    return max(approvals, key=fitness, default=None)


def registered_aircraft(site: Site) -> RegisteredAircraft | None:
    """The site's aircraft as the register has it.

    Raises:
        BadInput: aircraft.toml is wrong.
    """
    path, one = site.folder / "aircraft.toml", site.settings.aircraft
    if one is None:
        return None
    found = read_toml(_Aircraft, path).aircraft if path.exists() else (one,)
    for each in found:
        if each.id == one.id:
            return RegisteredAircraft(id=each.id, registration=each.registration, remote_id=each.remote_id)
    return None


def entered_weather(site: Site) -> Weather | None:
    """What a pilot entered last; the default `WeatherSource`.

    Raises:
        BadInput: weather.toml is wrong.
    """
    path = site.folder / "weather.toml"
    entry = read_toml(entries.WeatherEntry, path) if path.exists() else site.settings.weather
    if entry is None:
        return None
    stated = entry.model_dump(exclude={"entered_at"})
    return Weather(**stated, entered_s=entry.entered_at.timestamp() if entry.entered_at else None)


def enter_weather(folder: Path, *, wind_m_s: float, gust_m_s: float, visibility_m: float, wet: bool, by: str) -> Path:
    """Write weather.toml, stamped now.

    Raises:
        ValueError: a number is out of range.
    """
    entry = entries.WeatherEntry(
        wind_m_s=wind_m_s,
        gust_m_s=gust_m_s,
        visibility_m=visibility_m,
        precipitation=wet,
        entered_by=by,
        entered_at=datetime.now(UTC),
    )
    path = folder / "weather.toml"
    path.write_text(tomli_w.dumps(entry.model_dump()), encoding="utf-8")
    return path
