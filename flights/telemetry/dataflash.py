"""ArduPilot's own logs (dataflash): binary (.bin), or as a ground station writes them out as text (.log).

A log describes itself: FMT messages name the columns of all others. Messages have no checksum, so that one counts only
where another, or the end, follows it. Source: ArduPilot, AP_Logger, LogStructure.h.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flights.samples import AttitudeSample, CaptureSample, ClockSample, GimbalSample, PositionSample
from flights.telemetry.log import TelemetryFault
from flights.telemetry.merge import merge_samples

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from flights.samples import Sample
    from flights.telemetry.log import TelemetryLog

HEAD = b"\xa3\x95"
FMT = 128
_FMT_BODY = struct.Struct("<BB4s16s64s")
_CODES = {  # letter of a column: as struct has it, and what to multiply by
    "b": ("b", 1), "B": ("B", 1), "M": ("B", 1), "h": ("h", 1), "H": ("H", 1), "i": ("i", 1), "I": ("I", 1),
    "q": ("q", 1), "Q": ("Q", 1), "f": ("f", 1), "d": ("d", 1), "g": ("e", 1), "n": ("4s", 0), "N": ("16s", 0),
    "Z": ("64s", 0), "a": ("64s", 0), "c": ("h", 1e-2), "C": ("H", 1e-2), "e": ("i", 1e-2), "E": ("I", 1e-2),
    "L": ("i", 1e-7),
}  # fmt: skip
# GPS time is ahead of UTC by this many seconds since then. Source: IERS Bulletin C 52, 49 and 43.
LEAP_S = ((1_483_228_800, 18), (1_435_708_800, 17), (1_341_100_800, 16))
GPS_EPOCH_S, WEEK_S = 315_964_800, 604_800
FIX_3D = 3
VELOCITY_S = 1.0  # a receiver's velocity older than this is not that of a position
WANTED = frozenset({"ATT", "MNT", "GPS", "POS", "CAM", "TRIG"})
Fields = dict[str, float]
Message = tuple[int, str, Fields]


def is_dataflash(content: bytes) -> bool:
    """Whether these bytes begin as a dataflash log does, binary or text."""
    return content.startswith(HEAD) or content.lstrip().startswith(b"FMT,")


def parse_dataflash(content: bytes, *, source: str) -> TelemetryLog:
    """Read a dataflash log; a row's number is its message's (its line's, in a text).

    Args:
        content: the file's bytes.
        source: its name, for messages.

    Raises:
        TelemetryError: none of its positions can be given a time and an attitude.
    """
    faults: list[TelemetryFault] = []
    messages = list((_binary if content.startswith(HEAD) else _text)(content, faults))
    names = {name for _, name, _ in messages}
    reading = _Reading(gps_places="POS" not in names, shots="CAM" if "CAM" in names else "TRIG")
    samples: list[tuple[int, Sample]] = []
    for number, name, fields in messages:
        try:
            samples += [(number, sample) for sample in reading.samples(name, fields)]
        except (KeyError, ValueError, OverflowError) as error:
            faults.append(TelemetryFault(row=number, field=name, reason=f"the message lacks a usable {error}"))
    log = merge_samples(samples, source=source, kind="dataflash", faults=faults)
    return log.usable(remedy="Give the .bin as the autopilot wrote it, of a flight with a satellite fix.")


class _Reading:
    """From messages to samples; keeps what one message tells about later ones."""

    def __init__(self, *, gps_places: bool, shots: str) -> None:
        self._gps_places, self._shots = gps_places, shots
        self._velocity_enu_m_s, self._heard_s = (0.0, 0.0, 0.0), -math.inf
        self._pictures = 0

    def samples(self, name: str, fields: Fields) -> Iterator[Sample]:
        """What a message tells.

        Raises:
            KeyError: it lacks a column.
        """
        if fields.get("I", 0):
            return  # a second receiver, mount or camera
        boot_s = fields["TimeUS"] / 1e6
        if name == "ATT":
            yield AttitudeSample(
                boot_s=boot_s, yaw_deg=fields["Yaw"], pitch_deg=fields["Pitch"], roll_deg=fields["Roll"]
            )
        elif name == "MNT":
            north = math.isfinite(fields["YawE"])
            yaw = fields["YawE" if north else "YawB"]
            pitch, roll = fields["Pitch"], fields["Roll"]
            yield GimbalSample(boot_s=boot_s, yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll, from_north=north)
        elif name == "GPS":
            yield from self._received(boot_s, fields)
        elif name == "POS":
            yield self._place(boot_s, fields, fields["RelHomeAlt"])
        elif name == self._shots:
            yield self._shot(boot_s, fields)

    def _received(self, boot_s: float, fields: Fields) -> Iterator[Sample]:
        if fields["Status"] >= FIX_3D:
            speed, course, down = fields["Spd"], math.radians(fields["GCrs"]), fields["VZ"]
            self._velocity_enu_m_s, self._heard_s = (speed * math.sin(course), speed * math.cos(course), -down), boot_s
            yield ClockSample(boot_s=boot_s, unix_s=unix_s(fields["GWk"], fields["GMS"]))
        if self._gps_places:
            yield self._place(boot_s, fields, fields.get("RelAlt", math.nan))

    def _place(self, boot_s: float, fields: Fields, height_home_m: float) -> PositionSample:
        heard = boot_s - self._heard_s <= VELOCITY_S
        return PositionSample(
            boot_s=boot_s,
            lat_deg=fields["Lat"],
            lon_deg=fields["Lng"],
            alt_amsl_m=fields["Alt"],
            height_home_m=height_home_m,
            velocity_enu_m_s=self._velocity_enu_m_s if heard else (0.0, 0.0, 0.0),
        )

    def _shot(self, boot_s: float, fields: Fields) -> CaptureSample:
        self._pictures += 1
        week, short = fields["GPSWeek"], "R" in fields  # in newer logs the angles are R, P, Y
        roll, pitch, yaw = (fields[name[0] if short else name] for name in ("Roll", "Pitch", "Yaw"))
        return CaptureSample(
            boot_s=boot_s,
            index=int(fields.get("Img", self._pictures)),  # older logs do not number pictures
            lat_deg=fields["Lat"],
            lon_deg=fields["Lng"],
            alt_amsl_m=fields["Alt"],
            yaw_deg=yaw,
            pitch_deg=pitch,
            roll_deg=roll,
            unix_s=unix_s(week, fields["GPSTime"]) if week > 0 else None,
        )


def unix_s(week: float, of_week_ms: float) -> float:
    """UTC of a GPS time; leap seconds as they were then."""
    gps_s = GPS_EPOCH_S + week * WEEK_S + of_week_ms / 1000
    return gps_s - next((leap_s for since_s, leap_s in LEAP_S if gps_s - leap_s >= since_s), 15)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Format:
    name: str
    size: int
    codes: str
    columns: tuple[str, ...]

    def fields(self, values: Iterable[float | bytes]) -> Fields:
        scales = [_CODES[code][1] for code in self.codes]
        return {
            column: value * scale
            for column, value, scale in zip(self.columns, values, scales, strict=False)
            if not isinstance(value, bytes)
        }

    def unpack(self, content: bytes, at: int) -> Fields:
        return self.fields(struct.unpack_from("<" + "".join(_CODES[code][0] for code in self.codes), content, at))


def _binary(content: bytes, faults: list[TelemetryFault]) -> Iterator[Message]:
    """Wanted messages; each stretch that is no message becomes one fault."""
    formats = {FMT: _Format(name="FMT", size=len(HEAD) + 1 + _FMT_BODY.size, codes="", columns=())}
    number, at, lost = 1, 0, 0
    while at < len(content):
        form = formats.get(content[at + 2]) if content.startswith(HEAD, at) and at + 2 < len(content) else None
        end = at + form.size if form else 0
        if form is None or end > len(content) or not (content.startswith(HEAD, end) or len(content) - end < len(HEAD)):
            onward = content.find(HEAD, at + 1)
            onward = len(content) if onward < 0 else onward
            lost, at = lost + onward - at, onward
            continue
        if lost:
            faults.append(_lost(number, lost))
            lost, number = 0, number + 1
        if form.name == "FMT":
            kind, size, name, codes, columns = _FMT_BODY.unpack_from(content, at + 3)
            made = _format(name, size, codes, columns)
            if made:
                formats[kind] = made
        elif form.name in WANTED:
            yield number, form.name, form.unpack(content, at + 3)
        number, at = number + 1, end
    if lost:
        faults.append(_lost(number, lost))


def _lost(number: int, count: int) -> TelemetryFault:
    return TelemetryFault(row=number, field="message", reason=f"{count} bytes are no message: damaged or cut off")


def _format(name: bytes, size: int, codes: bytes, columns: bytes) -> _Format | None:
    """A format as a log states it; None where it does not hold together."""
    name_, codes_, columns_ = (part.split(b"\0")[0].decode("ascii", "replace") for part in (name, codes, columns))
    known = all(code in _CODES for code in codes_)
    if known and struct.calcsize("<" + "".join(_CODES[code][0] for code in codes_)) + 3 == size:
        return _Format(name=name_, size=size, codes=codes_, columns=tuple(columns_.split(",")))
    return _Format(name="", size=size, codes="", columns=()) if size > 3 else None


def _text(content: bytes, faults: list[TelemetryFault]) -> Iterator[Message]:
    """Wanted lines; their values are in units already."""
    columns: dict[str, list[str]] = {}
    for number, line in enumerate(content.decode("utf-8", "replace").split("\n"), start=1):
        name, *values = (part.strip() for part in line.split(","))
        if name == "FMT" and len(values) > 4:
            columns[values[2]] = values[4:]
        elif name in WANTED:
            try:
                pairs = zip(columns[name], map(float, values), strict=True)
                yield number, name, dict(pairs)
            except (KeyError, ValueError) as error:
                faults.append(TelemetryFault(row=number, field=name, reason=f"the line is damaged: {error}"))
