"""From received MAVLink messages to neutral samples and replies: units, signs, frames. No DroneKit here."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from flights.mission_items import MissionItem
from flights.mission_transfer import ItemWanted, ListItem, ListLength, TransferEnded
from flights.samples import (
    EARLIEST_UNIX_S,
    AttitudeSample,
    CaptureSample,
    ClockSample,
    GimbalSample,
    PositionSample,
    TextSample,
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flights.mission_transfer import TransferMessage
    from flights.samples import Sample

# Source: MAVLink common.xml, GIMBAL_DEVICE_FLAGS
YAW_LOCK = 16
YAW_IN_VEHICLE_FRAME = 32
YAW_IN_EARTH_FRAME = 64
STRAIGHT_DOWN = 1 - 1e-9


def sample_of(  # noqa: PLR0911 - one return a kind
    message: Any,  # noqa: ANN401 - pymavlink has no types
    boot_s: float,
    *,
    own_clock: bool = True,
) -> Sample | None:
    """The sample in a message, or None for other messages.

    Args:
        message: as pymavlink parsed it.
        boot_s: the autopilot clock as last heard, for messages that carry none.
        own_clock: False: another component sent it, whose clock is not the autopilot's.
    """
    at_s = message.time_boot_ms / 1000 if own_clock and hasattr(message, "time_boot_ms") else boot_s
    match message.get_type():
        case "ATTITUDE":
            yaw, pitch, roll = (math.degrees(angle) for angle in (message.yaw, message.pitch, message.roll))
            return AttitudeSample(boot_s=at_s, yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll)
        case "GLOBAL_POSITION_INT":
            return PositionSample(
                boot_s=at_s,
                lat_deg=message.lat / 1e7,
                lon_deg=message.lon / 1e7,
                alt_amsl_m=message.alt / 1000,
                height_home_m=message.relative_alt / 1000,
                velocity_enu_m_s=(message.vy / 100, message.vx / 100, -message.vz / 100),
            )
        case "GIMBAL_DEVICE_ATTITUDE_STATUS":
            yaw, pitch, roll = euler_deg(message.q)
            north = _counts_from_north(message.flags)
            return GimbalSample(boot_s=at_s, yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll, from_north=north)
        case "MOUNT_ORIENTATION":
            north = math.isfinite(message.yaw_absolute)
            yaw = message.yaw_absolute if north else message.yaw
            return GimbalSample(
                boot_s=at_s, yaw_deg=yaw, pitch_deg=message.pitch, roll_deg=message.roll, from_north=north
            )
        case "MOUNT_STATUS":  # Source: ArduPilot, AP_Mount: pitch, roll and yaw in a, b and c; yaw from the nose
            pitch, roll, yaw = (angle / 100 for angle in (message.pointing_a, message.pointing_b, message.pointing_c))
            return GimbalSample(boot_s=at_s, yaw_deg=yaw, pitch_deg=pitch, roll_deg=roll, from_north=False)
        case "SYSTEM_TIME":
            return ClockSample(boot_s=at_s, unix_s=message.time_unix_usec / 1e6)
        case "CAMERA_FEEDBACK":
            taken_s = message.time_usec / 1e6  # UTC or since the start, as the autopilot has it
            is_utc = taken_s >= EARLIEST_UNIX_S
            return CaptureSample(
                boot_s=taken_s if own_clock and taken_s and not is_utc else at_s,
                index=message.img_idx,
                lat_deg=message.lat / 1e7,
                lon_deg=message.lng / 1e7,
                alt_amsl_m=message.alt_msl,
                yaw_deg=message.yaw,
                pitch_deg=message.pitch,
                roll_deg=message.roll,
                unix_s=taken_s if is_utc else None,
            )
        case "STATUSTEXT":
            return TextSample(boot_s=at_s, severity=message.severity, text=message.text.strip("\x00 "))
    return None


def _counts_from_north(flags: int) -> bool:
    # Source: common.xml: without either frame flag, a locked yaw counts from north and an unlocked one from the nose.
    stated = flags & (YAW_IN_EARTH_FRAME | YAW_IN_VEHICLE_FRAME)
    return bool(flags & (YAW_IN_EARTH_FRAME if stated else YAW_LOCK))


def euler_deg(q: Sequence[float]) -> tuple[float, float, float]:
    """Yaw, pitch, roll in degrees of a quaternion w, x, y, z, applied yaw, then pitch, then roll.

    Straight down, yaw and roll turn about the same axis: roll is then taken as 0. Of the two equal triples the one with
    roll within 90 degrees is returned, so that a lens swinging through straight down does not seem to turn round.
    """
    w, x, y, z = q
    sin_pitch = max(-1.0, min(1.0, 2 * (w * y - z * x)))
    if abs(sin_pitch) > STRAIGHT_DOWN:
        yaw = math.atan2(-2 * (x * y - w * z), 1 - 2 * (x * x + z * z))
        return math.degrees(yaw), math.copysign(90.0, sin_pitch), 0.0
    yaw = math.degrees(math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z)))
    pitch = math.degrees(math.asin(sin_pitch))
    roll = math.degrees(math.atan2(2 * (w * x + y * z), 1 - 2 * (x * x + y * y)))
    if abs(roll) > 90:
        return (yaw + 360) % 360 - 180, math.copysign(180 - abs(pitch), pitch), (roll + 360) % 360 - 180
    return yaw, pitch, roll


def quaternion(*, yaw_deg: float, pitch_deg: float, roll_deg: float) -> tuple[float, float, float, float]:
    """w, x, y, z of yaw, then pitch, then roll. Source: ISO 1151-2 order Z-Y'-X''."""
    yaw, pitch, roll = (math.radians(a) / 2 for a in (yaw_deg, pitch_deg, roll_deg))
    (cy, sy), (cp, sp), (cr, sr) = ((math.cos(half), math.sin(half)) for half in (yaw, pitch, roll))
    return (
        cr * cp * cy + sr * sp * sy,
        sr * cp * cy - cr * sp * sy,
        cr * sp * cy + sr * cp * sy,
        cr * cp * sy - sr * sp * cy,
    )


def reply_of(message: Any) -> TransferMessage | None:  # noqa: ANN401 - as above
    """The mission protocol reply in a message, or None for other messages."""
    match message.get_type():
        case "MISSION_REQUEST" | "MISSION_REQUEST_INT":
            return ItemWanted(seq=message.seq)
        case "MISSION_ACK":
            return TransferEnded(result=message.type)
        case "MISSION_COUNT":
            return ListLength(count=message.count)
        case "MISSION_ITEM_INT":
            item = MissionItem(
                command=message.command,
                frame=message.frame,
                params=(message.param1, message.param2, message.param3, message.param4),
                lat_e7=message.x,
                lon_e7=message.y,
                height_m=message.z,
            )
            return ListItem(seq=message.seq, item=item)
    return None
