"""What every telemetry reader returns. No row is lost silently: each is either a row or a recorded fault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flights.errors import TelemetryError

if TYPE_CHECKING:
    from geofences.attitude import Attitude

NO_ATTITUDE = "the log states no lens attitude"
STATION_CLOCK = "times are those of the ground station's clock, with the link's delay: the log holds no satellite time"


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryRow:
    """One usable row; None where the log does not say.

    Attributes:
        row: its number in the log, from 1.
        lat_deg: latitude.
        lon_deg: longitude.
        at_s: UTC.
        pts_s: when its picture is shown, from the start of the clip.
        alt_amsl_m: height above mean sea level.
        height_home_m: height above the take-off point.
        gimbal: the lens, in the earth frame.
        body: the airframe.
        velocity_enu_m_s: ground velocity east, north, up.
    """

    row: int
    lat_deg: float
    lon_deg: float
    at_s: float | None = None
    pts_s: float | None = None
    alt_amsl_m: float | None = None
    height_home_m: float | None = None
    gimbal: Attitude | None = None
    body: Attitude | None = None
    velocity_enu_m_s: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """One picture the autopilot reported (CAMERA_FEEDBACK, or CAM and TRIG of a dataflash log).

    Attributes:
        row: its number in the log, from 1.
        index: the picture's number, as the autopilot counts.
        at_s: UTC, or None when the log has no UTC.
        lat_deg: latitude.
        lon_deg: longitude.
        alt_amsl_m: height above mean sea level.
        attitude: as reported with the picture. ArduPilot reports the airframe's.
    """

    row: int
    index: int
    at_s: float | None
    lat_deg: float
    lon_deg: float
    alt_amsl_m: float
    attitude: Attitude


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryFault:
    """One row that cannot be used, and why.

    Attributes:
        row: its number in the log, from 1.
        field: the field at fault.
        reason: what is wrong with it.
    """

    row: int
    field: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetryLog:
    """A log as read.

    Attributes:
        source: the file, as given by the caller.
        format: which reader understood it.
        rows: usable rows, in the order of the log.
        faults: all other rows.
        assumptions: what the reader took for granted because the log does not say.
        captures: pictures the autopilot reported, in the order of the log.
    """

    source: str
    format: str
    rows: tuple[TelemetryRow, ...]
    faults: tuple[TelemetryFault, ...] = ()
    assumptions: tuple[str, ...] = ()
    captures: tuple[Capture, ...] = ()

    def usable(self, *, remedy: str) -> TelemetryLog:
        """The log itself, if it has a row.

        Args:
            remedy: what the user can do when it has none.

        Raises:
            TelemetryError: it has none; names the first fault.
        """
        if self.rows:
            return self
        first = self.faults[0] if self.faults else None
        raise TelemetryError(
            path=self.source,
            row=first.row if first else None,
            field=first.field if first else "file",
            fault=first.reason if first else "holds no telemetry at all",
            remedy=remedy,
        )


def no_place(lat_deg: float, lon_deg: float) -> str | None:
    """Why these numbers are no position, or None when they are one."""
    if not (abs(lat_deg) <= 90 and abs(lon_deg) <= 180):  # false for NaN as well
        return f"{lat_deg}, {lon_deg} is no place"
    return "0, 0: there was no satellite fix" if lat_deg == lon_deg == 0 else None
