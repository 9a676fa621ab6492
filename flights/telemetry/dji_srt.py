"""DJI subtitle logs (.SRT): one cue per picture or per second, in several styles that one file may even mix.

Styles, by what a cue holds: `[latitude: ..] [longitude: ..]` with `rel_alt`/`abs_alt` or `altitude` and sometimes
`gb_yaw`; `GPS(lon,lat,satellites) BAROMETER:..` with `HOME(..)`; `GPS(lat,lon,altitudeM)` of the Matrice;
`GPS (lon, lat, satellites), D .., H ..` with `F.PRY`/`G.PRY` (pitch, roll, yaw) of the Phantom.

`[altitude]` has two meanings. Cues counted by `FrameCnt` (Mavic 2) give it above the sea; those counted by `SrtCnt`
(Mavic Air 2, Air 2S) above the take-off point. Source: real logs in `../shared/data/geo/dji_srt`: 214.0 m standing in
Lahore (ground about 215 m) by the first, 27 m over the Turo de la Rovira in Barcelona (over 200 m) by the second.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from flights.telemetry.log import NO_ATTITUDE, TelemetryFault, TelemetryLog, TelemetryRow, no_place
from geofences.attitude import Attitude

if TYPE_CHECKING:
    from collections.abc import Iterator

_NUMBER = r"([-+]?\d+(?:\.\d+)?)"
_SPAN = re.compile(r"(\d+):(\d\d):(\d\d)[,.](\d{1,3})\s*-->")
_STAMP = re.compile(r"(\d{4})[.\-/](\d{1,2})[.\-/](\d{1,2})\s+(\d{1,2}):(\d{2}):(\d{2})(?:[.,](\d{1,3}))?(?:,(\d{3}))?")
_BRACKETS = re.compile(r"\b([a-z_]+)\s*:\s*" + _NUMBER + r"(?=[\s\]])")
_GPS = re.compile(rf"GPS\s*\(\s*{_NUMBER}\s*,\s*{_NUMBER}\s*(?:,\s*{_NUMBER}\s*(M?)\s*)?\)")
_HEIGHT = re.compile(rf"(?:\bH\s+|BAROMETER:\s*|\bHb:\s*){_NUMBER}(?=[\smM])")
_PRY = re.compile(rf"([FG])\.PRY\s*\(\s*{_NUMBER}°?\s*,\s*{_NUMBER}°?\s*,\s*{_NUMBER}°?\s*\)")
_ABOVE_HOME = re.compile(r"\bSrtCnt\b")


class _Unusable(Exception):
    def __init__(self, field: str, reason: str) -> None:
        self.fault = (field, reason)
        super().__init__(field, reason)


def parse_dji_srt(text: str, *, source: str, timezone: str | None = None) -> TelemetryLog:
    """Read a subtitle log.

    Args:
        text: the file's content.
        source: its name, for messages.
        timezone: zone of its local time stamps; UTC, and said so, when None.

    Raises:
        TelemetryError: no cue gives a position; names the first fault.
    """
    zone: tzinfo = ZoneInfo(timezone) if timezone else UTC
    rows: list[TelemetryRow] = []
    faults: list[TelemetryFault] = []
    for number, cue in enumerate(_cues(text), start=1):
        try:
            rows.append(_row(cue, number, zone))
        except _Unusable as unusable:
            field, reason = unusable.fault
            faults.append(TelemetryFault(row=number, field=field, reason=reason))
    log = TelemetryLog(
        source=source,
        format="dji-srt",
        rows=tuple(rows),
        faults=tuple(faults),
        assumptions=_assumptions(text, rows, timezone),
    )
    return log.usable(remedy="Use a clip recorded with video captions and GPS reception.")


def _cues(text: str) -> Iterator[str]:
    """The text of each cue.

    A cue begins at a line with only its number that follows a blank line or precedes a time span; and, where the number
    is lost, at a second time span.
    """
    lines = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    cue: list[str] = []
    for before, line, after in zip(["", *lines], lines, [*lines[1:], ""], strict=False):
        numbered = line.strip().isdigit() and (not before.strip() or _SPAN.match(after.strip()))
        unnumbered = _SPAN.match(line.strip()) and any("-->" in earlier for earlier in cue)
        if cue and (numbered or unnumbered):
            yield "\n".join(cue)
            cue = []
        if line.strip() or cue:
            cue.append(line)
    if cue:
        yield "\n".join(cue)


def _row(cue: str, number: int, zone: tzinfo) -> TelemetryRow:
    fields = {name: float(value) for name, value in _BRACKETS.findall(cue)}
    lat, lon, alt_amsl_m = _position(cue, fields)
    nowhere = no_place(lat, lon)
    if nowhere:
        raise _Unusable("position", nowhere)
    height = _HEIGHT.search(cue)
    if _ABOVE_HOME.search(cue) and "altitude" in fields:
        fields.setdefault("rel_alt", fields.pop("altitude"))
    gimbal, body = _attitudes(cue, fields)
    span = _SPAN.search(cue)
    return TelemetryRow(
        row=number,
        lat_deg=lat,
        lon_deg=lon,
        at_s=_at_s(cue, zone),
        pts_s=_seconds(span) if span else None,
        alt_amsl_m=fields.get("abs_alt", fields.get("altitude", alt_amsl_m)),
        height_home_m=fields.get("rel_alt", float(height[1]) if height else None),
        gimbal=gimbal,
        body=body,
    )


def _position(cue: str, fields: dict[str, float]) -> tuple[float, float, float | None]:
    gps = _GPS.search(cue)
    if gps:
        first, second, third, unit = gps.groups()
        if unit:  # only the style that writes its altitude in metres has latitude first
            return float(first), float(second), float(third) or None  # a constant 0.0M is an unfilled field
        return float(second), float(first), None  # the third number counts satellites
    lat, lon = fields.get("latitude"), fields.get("longitude", fields.get("longtitude"))
    if lat is None and lon is None:
        raise _Unusable("position", "the cue holds no position")
    if lat is None or lon is None:
        raise _Unusable("longitude" if lon is None else "latitude", "missing: the cue is cut off")
    return lat, lon, None


def _attitudes(cue: str, fields: dict[str, float]) -> tuple[Attitude | None, Attitude | None]:
    """Lens and airframe, where stated."""
    stated = {
        which: Attitude(pitch_deg=float(pitch), roll_deg=float(roll), yaw_deg=float(yaw))
        for which, pitch, roll, yaw in _PRY.findall(cue)
    }
    if {"gb_yaw", "gb_pitch"} <= fields.keys():
        stated["G"] = Attitude(
            yaw_deg=fields["gb_yaw"], pitch_deg=fields["gb_pitch"], roll_deg=fields.get("gb_roll", 0.0)
        )
    return stated.get("G"), stated.get("F")


def _at_s(cue: str, zone: tzinfo) -> float | None:
    stamp = _STAMP.search(cue)
    if stamp is None:
        return None
    *whole, milli, micro = stamp.groups()
    try:
        at = datetime(*map(int, whole), tzinfo=zone)  # type: ignore[misc,arg-type]  # six integers, by the pattern
    except ValueError:
        raise _Unusable("time", f"{stamp[0]} is no time") from None
    return at.timestamp() + float("0." + (milli or "0")) + float(micro or 0) / 1e6


def _seconds(span: re.Match[str]) -> float:
    hours, minutes, seconds, fraction = span.groups()
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float("0." + fraction)


def _assumptions(text: str, rows: list[TelemetryRow], timezone: str | None) -> tuple[str, ...]:
    found = []
    if timezone is None and any(row.at_s is not None for row in rows):
        found.append("time stamps are taken as UTC; state their zone if they are local")
    if re.search(r"\[altitude\s*:", text):
        datum = "the take-off point" if _ABOVE_HOME.search(text) else "mean sea level"
        found.append(f"[altitude] is taken as height above {datum}")
    if any(unit and float(third) for *_, third, unit in _GPS.findall(text)):
        found.append("the altitude in GPS(.., .., ..M) is taken as height above mean sea level")
    if re.search(r"HOME\s*\([^)]*m\)", text):
        found.append("the height in HOME(..) is not used: its datum is not stated")
    if any(row.gimbal is None for row in rows):
        found.append(NO_ATTITUDE)
    return tuple(found)
