"""Stills of a drone: position and time from EXIF, attitude and precise heights from XMP (DJI, Parrot, senseFly).

Time, best first: DateTimeOriginal with its own offset; the receiver's UTC; DateTimeOriginal in the stated zone.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from defusedxml import DefusedXmlException, ElementTree  # type: ignore[import-untyped]  # it ships no stubs
from PIL import ExifTags, Image, UnidentifiedImageError

from flights.errors import TelemetryError
from flights.mavlink_decode import euler_deg, quaternion
from flights.telemetry.log import TelemetryFault, TelemetryLog, TelemetryRow, no_place
from geofences.attitude import Attitude

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_NAME = re.compile(r"\{http://(?:www\.dji\.com/drone-dji|(pix4d\.com/camera))/1\.0/?\}(\w+)")
# Makers whose Camera:Yaw, Pitch, Roll are Pix4D's (pitch 0 looks straight down), and the sign of their roll; Autel's
# and Sentera's are not. Source: Pix4D, Specifications of XMP camera tags; OpenDroneMap, opendm/photo.py.
PIX4D_ROLL = {"parrot": 1.0, "sensefly": -1.0}
_OFFSET = re.compile(r"([-+])(\d\d):(\d\d)")
SAME_CLOCK_S = (
    2.0  # a camera's clock so close to the receiver's, but for whole quarters of an hour, shows its fractions
)
WGS84 = frozenset({"WGS84", "WGS1984", ""})
REMEDY = "Use the stills as the aircraft wrote them: editors drop EXIF and XMP."


def parse_xmp(packet: bytes) -> dict[str, float]:
    """Numbers in an XMP packet: DJI's by their name, Pix4D's with "Camera" before it; empty when there are none.

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
            known = _NAME.fullmatch(name)
            try:
                if known and math.isfinite(float(value)):
                    numbers[("Camera" if known[1] else "") + known[2]] = float(value)
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
    assumed: dict[str, None] = {}
    for number, path in enumerate(paths, start=1):
        try:
            row, said = read_still(path, row=number, timezone=timezone)
            rows.append(row)
            assumed |= dict.fromkeys(said)
        except TelemetryError as error:
            faults.append(TelemetryFault(row=number, field=error.field, reason=f"{path.name}: {error.fault}"))
    rows.sort(key=lambda row: (row.at_s or 0.0, row.row))
    log = TelemetryLog(
        source=source, format="stills", rows=tuple(rows), faults=tuple(faults), assumptions=tuple(assumed)
    )
    return log.usable(remedy=REMEDY)


def read_still(path: Path, *, row: int = 1, timezone: str | None = None) -> tuple[TelemetryRow, tuple[str, ...]]:
    """Read the telemetry of one still, and what was taken for granted.

    Raises:
        TelemetryError: it is no picture, or has no position.
    """
    try:
        with Image.open(path) as picture:
            exif, packet = picture.getexif(), picture.info.get("xmp", b"")
        gps, inner = exif.get_ifd(ExifTags.IFD.GPSInfo), exif.get_ifd(ExifTags.IFD.Exif)
        xmp = parse_xmp(packet) if packet else {}
        lat, lon = _place(gps, xmp)
        at_s, said = _at_s(inner, gps, timezone)
        alt_m = xmp.get("AbsoluteAltitude", _altitude_m(gps))
        gimbal = _gimbal(xmp, gps, _text(exif.get(ExifTags.Base.Make)).lower())
    except (OSError, UnidentifiedImageError, ValueError, TypeError, ZeroDivisionError) as error:
        raise TelemetryError(path=str(path), row=None, field="EXIF", fault=str(error), remedy=REMEDY) from error
    datum = _text(gps.get(ExifTags.GPS.GPSMapDatum))
    if re.sub(r"\W|_", "", datum.upper()) not in WGS84:
        said += (f"GPSMapDatum says {datum}: positions are taken as WGS 84 nevertheless",)
    found = TelemetryRow(
        row=row,
        lat_deg=lat,
        lon_deg=lon,
        at_s=at_s,
        alt_amsl_m=alt_m,
        height_home_m=xmp.get("RelativeAltitude"),
        gimbal=gimbal,
        body=_attitude(xmp, "Flight"),
    )
    return found, said


def _text(value: object) -> str:
    return value.strip("\x00 ") if isinstance(value, str) else ""


def _altitude_m(gps: Mapping[int, Any]) -> float | None:
    """Above mean sea level. Source: Exif 3.0, GPSAltitudeRef: 0 above it, 1 below it, 2 and 3 the ellipsoid."""
    reference = (gps.get(ExifTags.GPS.GPSAltitudeRef) or b"\0")[:1]
    altitude = float(gps.get(ExifTags.GPS.GPSAltitude, math.nan))
    if not math.isfinite(altitude) or reference not in (b"\0", b"\1"):
        return None
    return -altitude if reference == b"\1" else altitude


def _gimbal(xmp: Mapping[str, float], gps: Mapping[int, Any], make: str) -> Attitude | None:
    if {"CameraYaw", "CameraPitch", "CameraRoll"} <= xmp.keys() and make in PIX4D_ROLL:
        roll = xmp["CameraRoll"] * PIX4D_ROLL[make]
        w, x, y, z = quaternion(yaw_deg=xmp["CameraYaw"], pitch_deg=xmp["CameraPitch"], roll_deg=roll)
        half = math.sqrt(0.5)  # the lens looks along the frame's down axis: turned by -90 degrees about its right axis
        yaw, pitch, roll = euler_deg((half * (w + y), half * (x + z), half * (y - w), half * (z - x)))
        return Attitude(yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll)
    direction = float(gps.get(ExifTags.GPS.GPSImgDirection, math.nan))
    if math.isfinite(direction) and gps.get(ExifTags.GPS.GPSImgDirectionRef) == "T":  # not the magnetic one
        xmp = {"GimbalYawDegree": direction, **xmp}
    return _attitude(xmp, "Gimbal")


def _attitude(dji: Mapping[str, float], whose: str) -> Attitude | None:
    angles = [dji.get(f"{whose}{axis}Degree") for axis in ("Yaw", "Pitch", "Roll")]
    if angles[0] is None or angles[1] is None:
        return None
    return Attitude(yaw_deg=angles[0], pitch_deg=angles[1], roll_deg=angles[2] or 0.0)


def _place(gps: Mapping[int, object], dji: Mapping[str, float]) -> tuple[float, float]:
    """Latitude and longitude: DJI's own where it writes them, for their decimals, else EXIF's."""
    place = [dji.get("GpsLatitude"), dji.get("GpsLongitude", dji.get("GpsLongtitude"))]
    if None in place:
        place = _exif_place(gps)
    lat, lon = (math.nan if angle is None else angle for angle in place)
    nowhere = no_place(lat, lon)
    if nowhere:
        raise ValueError(nowhere)
    return lat, lon


def _exif_place(gps: Mapping[int, object]) -> list[float | None]:
    place: list[float | None] = []
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
    return place


def _at_s(
    exif: Mapping[int, object], gps: Mapping[int, Any], timezone: str | None
) -> tuple[float | None, tuple[str, ...]]:
    """When it was taken, UTC, and what was assumed for that."""
    received_s, stamp = _received_s(gps), _text(exif.get(ExifTags.Base.DateTimeOriginal))
    if not stamp:
        return received_s, ()
    digits = _text(exif.get(ExifTags.Base.SubsecTimeOriginal))
    local = datetime.strptime(stamp, "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC)
    local += timedelta(seconds=float(f"0.{digits}") if digits.isdigit() else 0.0)
    offset = _OFFSET.fullmatch(_text(exif.get(ExifTags.Base.OffsetTimeOriginal)))
    if offset:
        ahead_s = float(f"{offset[1]}1") * (int(offset[2]) * 3600 + int(offset[3]) * 60)
        return local.timestamp() - ahead_s, ()
    if received_s is not None:
        apart_s = local.timestamp() - received_s
        zone_s = round(apart_s / 900) * 900
        return (local.timestamp() - zone_s if abs(apart_s - zone_s) <= SAME_CLOCK_S else received_s), ()
    said = () if timezone else ("camera clocks are taken as UTC; state their zone if they are local",)
    return local.replace(tzinfo=ZoneInfo(timezone) if timezone else UTC).timestamp(), said


def _received_s(gps: Mapping[int, Any]) -> float | None:
    """GPSDateStamp and GPSTimeStamp, which are UTC; None where they are missing or nonsense."""
    clock = gps.get(ExifTags.GPS.GPSTimeStamp)
    try:
        day = datetime.strptime(_text(gps.get(ExifTags.GPS.GPSDateStamp)), "%Y:%m:%d").replace(tzinfo=UTC)
        hours, minutes, seconds = (float(part) for part in clock or ())
    except (ValueError, TypeError, ZeroDivisionError):
        return None
    of_day_s = hours * 3600 + minutes * 60 + seconds
    return day.timestamp() + of_day_s if 0 <= of_day_s < 86_401 else None
