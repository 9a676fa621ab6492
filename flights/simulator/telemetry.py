"""What the autopilot reports, and how often: rates in simulated time, values as believed, never the truth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flights.mavlink_decode import quaternion
from flights.simulator.battery import CAPACITY_MAH
from flights.simulator.fence import FenceType
from flights.simulator.wire import Mode

if TYPE_CHECKING:
    from collections.abc import Callable

    from flights.simulator.autopilot import Autopilot
    from flights.simulator.wire import Message

EKF_GOOD = 831  # attitude, velocities, relative, absolute and predicted position
EKF_WITHOUT_POSITION = 165  # attitude, vertical velocity and position, constant-position mode
_GPS = 0x20
_SENSORS_PRESENT = 0x0231_FC0F | _GPS  # gyro, accelerometer, compass, baro, controllers, receiver, fence, AHRS, battery
_PREARM = 0x1000_0000
_FLIGHT_VERSION = (4 << 24) | (5 << 16) | (2 << 8) | 255  # 4.5.2, official release
_CAPABILITIES = (
    mavlink.MAV_PROTOCOL_CAPABILITY_MISSION_FLOAT | mavlink.MAV_PROTOCOL_CAPABILITY_PARAM_FLOAT
    | mavlink.MAV_PROTOCOL_CAPABILITY_MISSION_INT | mavlink.MAV_PROTOCOL_CAPABILITY_MAVLINK2
    | mavlink.MAV_PROTOCOL_CAPABILITY_MISSION_FENCE | mavlink.MAV_PROTOCOL_CAPABILITY_MISSION_RALLY
)  # fmt: skip
# Messages of each MAV_DATA_STREAM group. Source: ArduCopter GCS_Mavlink, stream table.
_GROUPS: dict[int, tuple[str, ...]] = {
    2: ("SYS_STATUS", "MISSION_CURRENT", "GPS_RAW_INT", "FENCE_STATUS"),
    6: ("GLOBAL_POSITION_INT",),
    10: ("ATTITUDE",),
    11: ("VFR_HUD",),
    12: ("SYSTEM_TIME", "WIND", "BATTERY_STATUS", "EKF_STATUS_REPORT", "GIMBAL_DEVICE_ATTITUDE_STATUS"),
}
FASTEST_HZ = 50.0


class Telemetry:
    """Builds and schedules messages.

    Attributes:
        start_utc_s: Unix time of simulated second 0.
        camera_heartbeat: a fault: a camera on the same link also sends heartbeats.
    """

    def __init__(self, pilot: Autopilot, *, start_utc_s: float) -> None:
        self._pilot = pilot
        self._air = pilot.aircraft
        self.start_utc_s = start_utc_s
        self.camera_heartbeat = False
        streams: dict[str, tuple[float, Callable[[], Message]]] = {  # by name: default rate in Hz, builder
            "HEARTBEAT": (1, self._heartbeat), "SYSTEM_TIME": (1, self._system_time), "ATTITUDE": (10, self._attitude),
            "GLOBAL_POSITION_INT": (10, self._global_position), "GPS_RAW_INT": (5, self._gps_raw),
            "GIMBAL_DEVICE_ATTITUDE_STATUS": (10, self._gimbal), "SYS_STATUS": (2, self._sys_status),
            "MISSION_CURRENT": (2, self._mission_current), "VFR_HUD": (2, self._vfr_hud), "WIND": (2, self._wind),
            "BATTERY_STATUS": (1, self._battery_status), "EKF_STATUS_REPORT": (2, self._ekf_status),
            "FENCE_STATUS": (1, self._fence_status),
        }  # fmt: skip
        self._default_s = {name: 1 / hz for name, (hz, _) in streams.items()}
        self._interval_s = dict(self._default_s)
        self._due_s = dict.fromkeys(streams, 0.0)
        self._builders = {name: builder for name, (_, builder) in streams.items()}
        self._builders["AUTOPILOT_VERSION"] = _version
        self._flown_item = 0

    @property
    def _boot_ms(self) -> int:
        return round(self._pilot.now_s * 1000)

    @property
    def utc_s(self) -> float:
        """Unix time now."""
        return self.start_utc_s + self._pilot.now_s

    def step(self) -> None:
        """Send what is due, and what just happened."""
        now_s = self._pilot.now_s
        for name, interval_s in self._interval_s.items():
            if interval_s and now_s >= self._due_s[name] - 1e-6:
                self._due_s[name] = max(self._due_s[name] + interval_s, now_s)
                self.send(name)
                if name == "HEARTBEAT" and self.camera_heartbeat:
                    self._pilot.send(_camera_heartbeat(), component=mavlink.MAV_COMP_ID_CAMERA)
        while self._pilot.payload.pending:
            self._pilot.payload.pending -= 1
            self._pilot.send(self._camera_feedback())
        if self._pilot.run.index != self._flown_item:
            self._flown_item = self._pilot.run.index
            self.send("MISSION_CURRENT")

    def send(self, name: str) -> bool:
        """Send one message at once; False when it is not one of ours."""
        if name in self._builders:
            self._pilot.send(self._builders[name]())
        return name in self._builders

    def set_interval(self, name: str, interval_s: float) -> bool:
        """SET_MESSAGE_INTERVAL: seconds between messages, 0 for the default, negative for never."""
        if name not in self._interval_s:
            return False
        wanted_s = interval_s or self._default_s[name]
        self._interval_s[name] = 0.0 if wanted_s < 0 else max(wanted_s, 1 / FASTEST_HZ)
        return True

    def set_group(self, group: int, rate_hz: float) -> None:
        """REQUEST_DATA_STREAM: one rate for a group, or for all groups (0)."""
        for name in _GROUPS.get(group, ()) if group else (name for names in _GROUPS.values() for name in names):
            self._interval_s[name] = 1 / min(rate_hz, FASTEST_HZ) if rate_hz else 0.0

    # One builder a message.

    def _heartbeat(self) -> Message:
        pilot = self._pilot
        base = mavlink.MAV_MODE_FLAG_CUSTOM_MODE_ENABLED | mavlink.MAV_MODE_FLAG_STABILIZE_ENABLED
        base |= mavlink.MAV_MODE_FLAG_MANUAL_INPUT_ENABLED
        if pilot.mode is not Mode.STABILIZE:
            base |= mavlink.MAV_MODE_FLAG_GUIDED_ENABLED
        if pilot.armed:
            base |= mavlink.MAV_MODE_FLAG_SAFETY_ARMED
        status = mavlink.MAV_STATE_ACTIVE if pilot.flying else mavlink.MAV_STATE_STANDBY
        if pilot.failsafes.active:
            status = mavlink.MAV_STATE_CRITICAL
        return mavlink.MAVLink_heartbeat_message(
            mavlink.MAV_TYPE_QUADROTOR, mavlink.MAV_AUTOPILOT_ARDUPILOTMEGA, base, pilot.mode, status, 3
        )

    def _sys_status(self) -> Message:
        battery = self._air.battery
        healthy = _SENSORS_PRESENT if self._air.sensors.gps_healthy else _SENSORS_PRESENT & ~_GPS
        if self._pilot.armed or not self._pilot.arming_faults():
            healthy |= _PREARM
        present = _SENSORS_PRESENT | _PREARM
        return mavlink.MAVLink_sys_status_message(
            present, present, healthy, 250, round(battery.voltage_v * 1000), round(battery.current_a * 100),
            round(battery.remaining * 100), 0, 0, 0, 0, 0, 0,
        )  # fmt: skip

    def _battery_status(self) -> Message:
        battery = self._air.battery
        volts = (round(battery.voltage_v * 1000), *(65535,) * 9)
        return mavlink.MAVLink_battery_status_message(
            0, 0, 1, 2500, volts, round(battery.current_a * 100), round((1 - battery.remaining) * CAPACITY_MAH), -1,
            round(battery.remaining * 100),
        )  # fmt: skip

    def _mission_current(self) -> Message:
        return mavlink.MAVLink_mission_current_message(self._pilot.run.index)

    def _gps_raw(self) -> Message:
        if not self._air.sensors.gps_healthy:
            return mavlink.MAVLink_gps_raw_int_message(
                self._boot_ms * 1000, mavlink.GPS_FIX_TYPE_NO_FIX, 0, 0, 0, 65535, 65535, 65535, 65535, 0
            )
        received = self._air.sensors.received(self._air.believed)
        lat, lon = self._air.lat_lon(received)
        east, north, _ = self._air.motion.velocity_m_s
        course = math.degrees(math.atan2(east, north)) % 360
        return mavlink.MAVLink_gps_raw_int_message(
            self._boot_ms * 1000, mavlink.GPS_FIX_TYPE_3D_FIX, round(lat * 1e7), round(lon * 1e7),
            round(self._air.alt_amsl_m(received[2]) * 1000), 80, 120, round(math.hypot(east, north) * 100),
            round(course * 100), 14, 0, 400, 500, 100,
        )  # fmt: skip

    def _global_position(self) -> Message:
        believed = self._air.believed
        lat, lon = self._air.lat_lon(believed.enu_m)
        east, north, up = (round(v * 100) for v in believed.velocity_m_s)
        return mavlink.MAVLink_global_position_int_message(
            self._boot_ms, round(lat * 1e7), round(lon * 1e7), round(self._air.alt_amsl_m(believed.enu_m[2]) * 1000),
            round((believed.enu_m[2] - self._pilot.home_m[2]) * 1000), north, east, -up,
            round(believed.yaw_deg * 100) % 36000,
        )  # fmt: skip

    def _attitude(self) -> Message:
        believed, noisy = self._air.believed, self._air.sensors.angle
        yaw = (noisy(believed.yaw_deg, 0.05) + 180) % 360 - 180
        return mavlink.MAVLink_attitude_message(
            self._boot_ms, math.radians(noisy(believed.roll_deg)), math.radians(noisy(believed.pitch_deg)),
            math.radians(yaw), 0.0, 0.0, math.radians(believed.yaw_rate_deg_s),
        )  # fmt: skip

    def _gimbal(self) -> Message:
        noisy, gimbal = self._air.sensors.angle, self._air.gimbal
        bias = self._air.believed.yaw_deg - self._air.motion.yaw_deg
        yaw = noisy(gimbal.yaw_deg + bias, 0.1)
        flags = mavlink.GIMBAL_DEVICE_FLAGS_ROLL_LOCK | mavlink.GIMBAL_DEVICE_FLAGS_PITCH_LOCK
        flags |= mavlink.GIMBAL_DEVICE_FLAGS_YAW_LOCK | mavlink.GIMBAL_DEVICE_FLAGS_YAW_IN_EARTH_FRAME
        q = quaternion(yaw_deg=yaw, pitch_deg=noisy(gimbal.pitch_deg, 0.1), roll_deg=noisy(0.0, 0.1))
        return mavlink.MAVLink_gimbal_device_attitude_status_message(
            0, 0, self._boot_ms, flags, q, math.nan, math.nan, math.nan, 0
        )

    def _vfr_hud(self) -> Message:
        believed, wind = self._air.believed, self._air.wind.velocity_m_s
        east, north, up = believed.velocity_m_s
        return mavlink.MAVLink_vfr_hud_message(
            math.hypot(east - wind[0], north - wind[1]), math.hypot(east, north), int(believed.yaw_deg),
            45 if self._pilot.flying else 0, self._air.alt_amsl_m(believed.enu_m[2]), up,
        )  # fmt: skip

    def _system_time(self) -> Message:
        return mavlink.MAVLink_system_time_message(round(self.utc_s * 1e6), self._boot_ms)

    def _wind(self) -> Message:
        east, north = self._air.wind.velocity_m_s
        from_deg = math.degrees(math.atan2(-east, -north))
        return mavlink.MAVLink_wind_message(from_deg, math.hypot(east, north), 0.0)

    def _ekf_status(self) -> Message:
        flags = EKF_GOOD if self._pilot.position_ok else EKF_WITHOUT_POSITION
        glitching = self._air.sensors.glitch_m != (0.0, 0.0)
        if glitching:
            flags |= mavlink.EKF_GPS_GLITCHING
        return mavlink.MAVLink_ekf_status_report_message(flags, 0.05, 1.4 if glitching else 0.05, 0.05, 0.03, 0.0)

    def _fence_status(self) -> Message:
        broken, failsafes = self._pilot.failsafes.broken_fence, self._pilot.failsafes
        kind = mavlink.FENCE_BREACH_MAXALT if FenceType.ALT_MAX in broken else mavlink.FENCE_BREACH_BOUNDARY
        return mavlink.MAVLink_fence_status_message(
            1 if broken else 0, failsafes.breach_count, kind if broken else mavlink.FENCE_BREACH_NONE,
            round(failsafes.breach_s * 1000),
        )  # fmt: skip

    def _camera_feedback(self) -> Message:
        believed = self._air.believed
        lat, lon = self._air.lat_lon(believed.enu_m)
        alt = self._air.alt_amsl_m(believed.enu_m[2])
        yaw = self._air.sensors.angle(believed.yaw_deg, 0.05) % 360
        return mavlink.MAVLink_camera_feedback_message(
            round(self.utc_s * 1e6), 0, 0, self._pilot.payload.pictures - self._pilot.payload.pending, round(lat * 1e7),
            round(lon * 1e7), alt, believed.enu_m[2] - self._pilot.home_m[2],
            self._air.sensors.angle(believed.roll_deg), self._air.sensors.angle(believed.pitch_deg), yaw, 0.0,
            mavlink.CAMERA_FEEDBACK_PHOTO, self._pilot.payload.pictures,
        )  # fmt: skip


def _camera_heartbeat() -> Message:
    return mavlink.MAVLink_heartbeat_message(
        mavlink.MAV_TYPE_CAMERA, mavlink.MAV_AUTOPILOT_INVALID, 0, 0, mavlink.MAV_STATE_ACTIVE, 3
    )


def _version() -> Message:
    empty = (0,) * 8
    return mavlink.MAVLink_autopilot_version_message(_CAPABILITIES, _FLIGHT_VERSION, 0, 0, 0, *(empty,) * 3, 0, 0, 0)
