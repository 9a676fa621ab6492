"""Stills of a drone: position and time from EXIF, attitude and precise heights from DJI's XMP packet."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from defusedxml import DefusedXmlException, ElementTree  # type: ignore[import-untyped]  # it ships no stubs
from PIL import ExifTags, Image, UnidentifiedImageError

from flights.errors import TelemetryError
from flights.telemetry.log import TelemetryFault, TelemetryLog, TelemetryRow
from geofences.attitude import Attitude

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

DJI = "{http://www.dji.com/drone-dji/1.0/}"
REMEDY = "Use the stills as the aircraft wrote them: editors drop EXIF and XMP."


def parse_xmp(packet: bytes) -> dict[str, float]:
    """DJI's numbers in an XMP packet, by their name without the namespace; empty when there are none.

    Raises:
        ValueError: the packet is no XML, or an unsafe one.
    """
    start, end = packet.find(b"<x:xmpmeta"), packet.find(b"</x:xmpmeta>")
    body = packet[start : end + len(b"</x:xmpmeta>")] if 0 <= start < end else packet
    try:
        root = ElementTree.fromstring(body)
    except (ElementTree.ParseError, DefusedXmlException) as error:
        raise ValueError(f"XMP is not readable: {error}") from error
    numbers: dict[str, float] = {}
    for element in root.iter():
        for name, value in (*element.attrib.items(), (element.tag, element.text or "")):
            if name.startswith(DJI):
                try:
                    numbers[name.removeprefix(DJI)] = float(value)
                except ValueError:
                    continue  # a model name or a flag
    return numbers


def read_stills(paths: Sequence[Path], *, source: str, timezone: str | None = None) -> TelemetryLog:
    """Read the telemetry of stills, in order of time.

    Args:
        paths: the pictures; their row number is their place here.
        source: name of the whole, for messages.
        timezone: zone of the cameras' clock; UTC, and said so, when None.

    Raises:
        TelemetryError: no picture gives a position; names the first fault.
    """
    rows: list[TelemetryRow] = []
    faults: list[TelemetryFault] = []
    for number, path in enumerate(paths, start=1):
        try:
            rows.append(read_still(path, row=number, timezone=timezone))
        except TelemetryError as error:
            faults.append(TelemetryFault(row=number, field=error.field, reason=f"{path.name}: {error.fault}"))
    assumed = () if timezone else ("camera clocks are taken as UTC; state their zone if they are local",)
    rows.sort(key=lambda row: (row.at_s or 0.0, row.row))
    log = TelemetryLog(source=source, format="stills", rows=tuple(rows), faults=tuple(faults), assumptions=assumed)
    return log.usable(remedy=REMEDY)


def read_still(path: Path, *, row: int = 1, timezone: str | None = None) -> TelemetryRow:
    """Read the telemetry of one still.

    Raises:
        TelemetryError: it is no picture, or has no position.
    """
    try:
        with Image.open(path) as picture:
            exif, packet = picture.getexif(), picture.info.get("xmp", b"")
        dji = parse_xmp(packet) if packet else {}
        lat, lon = _place(exif.get_ifd(ExifTags.IFD.GPSInfo), dji)
        at_s = _at_s(exif.get_ifd(ExifTags.IFD.Exif), timezone)
    except (OSError, UnidentifiedImageError, ValueError) as error:
        raise TelemetryError(path=str(path), row=None, field="EXIF", fault=str(error), remedy=REMEDY) from error
    altitude = exif.get_ifd(ExifTags.IFD.GPSInfo).get(ExifTags.GPS.GPSAltitude)
    return TelemetryRow(
        row=row,
        lat_deg=lat,
        lon_deg=lon,
        at_s=at_s,
        alt_amsl_m=dji.get("AbsoluteAltitude", None if altitude is None else float(altitude)),
        height_home_m=dji.get("RelativeAltitude"),
        gimbal=_attitude(dji, "Gimbal"),
        body=_attitude(dji, "Flight"),
    )


def _attitude(dji: Mapping[str, float], whose: str) -> Attitude | None:
    angles = [dji.get(f"{whose}{axis}Degree") for axis in ("Yaw", "Pitch", "Roll")]
    if angles[0] is None or angles[1] is None:
        return None
    return Attitude(yaw_deg=angles[0], pitch_deg=angles[1], roll_deg=angles[2] or 0.0)


def _place(gps: Mapping[int, object], dji: Mapping[str, float]) -> tuple[float, float]:
    """Latitude and longitude: DJI's own where it writes them, for their decimals, else EXIF's."""
    if "GpsLatitude" in dji and ("GpsLongitude" in dji or "GpsLongtitude" in dji):
        return dji["GpsLatitude"], dji.get("GpsLongitude", dji.get("GpsLongtitude", math.nan))
    place = []
    for value, reference, negative in (
        (ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLatitudeRef, "S"),
        (ExifTags.GPS.GPSLongitude, ExifTags.GPS.GPSLongitudeRef, "W"),
    ):
        parts = gps.get(value)
        if not isinstance(parts, tuple) or len(parts) != 3:
            raise ValueError("no GPS position")
        degrees = sum(float(part) / 60**i for i, part in enumerate(parts))
        if not math.isfinite(degrees):
            raise ValueError("the GPS position is not a number")
        place.append(-degrees if gps.get(reference) == negative else degrees)
    if place == [0.0, 0.0]:
        raise ValueError("0, 0: there was no satellite fix")
    return place[0], place[1]


def _at_s(exif: Mapping[int, object], timezone: str | None) -> float | None:
    stamp = exif.get(ExifTags.Base.DateTimeOriginal)
    if not isinstance(stamp, str):
        return None
    zone = ZoneInfo(timezone) if timezone else UTC
    at = datetime.strptime(stamp.strip("\x00 "), "%Y:%m:%d %H:%M:%S").replace(tzinfo=zone)
    fraction = exif.get(ExifTags.Base.SubsecTimeOriginal)
    digits = fraction.strip("\x00 ") if isinstance(fraction, str) else ""
    return at.timestamp() + (float(f"0.{digits}") if digits.isdigit() else 0.0)
