"""An autopilot in memory that obeys at once and flies a mission in straight lines, on a clock of its own."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from flights.autopilot import VehicleState
from flights.errors import CommandRefused, TransferFailed
from flights.mission_items import Command, ListKind, MissionItem
from flights.preflight import Briefing
from flights.registers import Approval, Pilot, RegisteredAircraft, Release, Weather
from flights.samples import AttitudeSample, CaptureSample, ClockSample, GimbalSample, PositionSample, Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from flights.survey_plan import SurveyPlan
    from geofences.position import Geodetic

START_UNIX_S = 1_772_416_800.0  # 10:00 in Hangzhou
M_PER_LAT = 110_850.0
SAFE = {
    "FS_GCS_ENABLE": 1.0, "FS_THR_ENABLE": 1.0, "FS_EKF_ACTION": 1.0, "FS_EKF_THRESH": 0.8, "FS_OPTIONS": 16.0,
    "BATT_LOW_VOLT": 21.6,
    "BATT_CRT_VOLT": 21.0, "BATT_FS_LOW_ACT": 2.0, "BATT_FS_CRT_ACT": 1.0, "FENCE_ENABLE": 1.0, "FENCE_TYPE": 5.0,
    "FENCE_ACTION": 1.0, "FENCE_ALT_MAX": 120.0, "RTL_ALT": 1500.0, "ARMING_CHECK": 1.0, "MIS_RESTART": 0.0,
}  # fmt: skip
PILOT = Pilot(
    name="Li Wei",
    licence="CAAC-1",
    licence_until_s=START_UNIX_S + 86400,
    duty=((START_UNIX_S - 3600, START_UNIX_S + 3600),),
)
MODES = {"STABILIZE", "GUIDED", "AUTO", "RTL", "LAND", "LOITER"}


def briefing_for(plan: SurveyPlan) -> Briefing:
    """A complete briefing for the hour about `START_UNIX_S`."""
    return Briefing(
        approval=Approval(
            number="HZ-2026-17",
            outline=plan.airspace,
            valid_from_s=START_UNIX_S - 3600,
            valid_until_s=START_UNIX_S + 3600,
        ),
        release=Release(pilot=PILOT, by_itself=False, at_s=START_UNIX_S),
        aircraft=RegisteredAircraft(id="uav-01", registration="UAS123", remote_id="RID123"),
        weather=Weather(
            wind_m_s=3,
            gust_m_s=5,
            visibility_m=8000,
            precipitation=False,
            entered_by="Li Wei",
            entered_s=START_UNIX_S - 600,
        ),
    )


class FakeAutopilot:
    """Autopilot and Clock in one: sleeping is what makes it fly.

    Attributes:
        commands: names of all commands, in order.
        faults: by clock second, what happens then; see `_strike`.
        log: (second, where it was, what was asked) of every command.
        lost_s: since when nobody may command it any more; infinite while we may.
        refuse: commands that are answered with no.
        mission_seq: the item flown towards.
    """

    def __init__(
        self, home: Geodetic, *, faults: Mapping[float, str] | None = None, refuse: frozenset[str] = frozenset()
    ) -> None:
        self.commands: list[str] = []
        self.faults = dict(faults or {})
        self.refuse = refuse
        self.mission_seq = 0
        self.now = 0.0
        self._home = home
        self._at = [0.0, 0.0, 0.0]
        self._velocity = (0.0, 0.0, 0.0)
        self._glitch, self._fix, self._satellites, self._ekf_ok = False, 3, 17, True
        self.log: list[tuple[float, tuple[float, float], str]] = []
        self.lost_s = math.inf
        self._mode, self._armed, self._speed = "STABILIZE", False, 8.0
        self._goal: tuple[float, float, float] | None = None
        self.goals: list[tuple[float, float, float]] = []
        self._share, self._wind, self._silent_since = 1.0, 2.0, math.inf
        self._trigger_m, self._since_capture_m, self._captures, self._pitch = 0.0, 0.0, 0, 0.0
        self._lists: dict[ListKind, tuple[MissionItem, ...]] = {}
        self._parameters = dict(SAFE)
        self._samples: list[Sample] = []

    # Clock
    def now_s(self) -> float:
        """Seconds of its own clock."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Fly for so long."""
        steps = max(1, round(seconds / 0.125))
        for _ in range(steps):
            self._step(seconds / steps)

    # Autopilot
    def observe(self) -> VehicleState:
        """The newest state."""
        silent = self.now >= self._silent_since
        return VehicleState(
            link_age_s=self.now - self._silent_since if silent else 0.1,
            mode=self._mode,
            armed=self._armed,
            armable=True,
            utc_s=START_UNIX_S + self.now,
            position=self._position(),
            gps_fix=self._fix,
            satellites=self._satellites,
            ekf_ok=self._ekf_ok,
            gps_glitch=self._glitch,
            battery_share=self._share,
            wind_m_s=self._wind,
            wind_from_deg=0.0,
            mission_seq=self.mission_seq,
        )

    def drain(self) -> tuple[Sample, ...]:
        """Samples since the last call."""
        samples, self._samples = tuple(self._samples), []
        return samples

    def parameters(self, names: Iterable[str]) -> Mapping[str, float]:
        """Those asked for."""
        return {name: self._parameters[name] for name in names if name in self._parameters}

    def held(self, kind: ListKind) -> tuple[MissionItem, ...]:
        """What was stored."""
        return self._lists.get(kind, ())

    def transfer(self, kind: ListKind, items: Sequence[MissionItem]) -> None:
        """Store a list; refuses what a real one refuses."""
        self._obey(f"transfer {kind.name}")
        if any(abs(item.lat_e7) > 900_000_000 for item in items):
            raise TransferFailed(f"{kind.name}: item refused")
        self._lists[kind] = tuple(items)

    def set_mode(self, mode: str) -> None:
        """Change the flight mode."""
        if mode not in MODES:
            raise CommandRefused(command=f"mode {mode}", result="unknown mode")
        self._obey(f"mode {mode}")
        self._mode = mode
        self._goal = None
        if mode == "AUTO":
            self.mission_seq = max(1, self.mission_seq)

    def arm(self) -> None:
        """Arm."""
        self._obey("arm")
        self._armed = True

    def disarm(self) -> None:
        """Disarm on the ground."""
        self._obey("disarm")
        self._armed = False

    def take_off(self, height_home_m: float) -> None:
        """Climb; only armed in GUIDED."""
        self._obey("take_off")
        if not self._armed or self._mode != "GUIDED":
            raise CommandRefused(command="take-off", result="not armed in GUIDED")
        self._goal = (0.0, 0.0, height_home_m)

    def go_to(self, lat_deg: float, lon_deg: float, height_home_m: float) -> None:
        """Fly there in GUIDED."""
        self._obey("go_to")
        east = (lon_deg - self._home.lon_deg) * M_PER_LAT * math.cos(math.radians(self._home.lat_deg))
        self._goal = (east, (lat_deg - self._home.lat_deg) * M_PER_LAT, height_home_m)
        self.goals.append(self._goal)

    def look_at(self, *_place: float) -> None:
        """Turn the lens there."""
        self._obey("look_at")

    def trigger(self, every_m: float) -> None:
        """Pictures by distance."""
        self._obey("trigger" if every_m else "stop_trigger")
        self._trigger_m = every_m

    def point_gimbal(self, pitch_deg: float) -> None:
        """Turn the lens."""
        self._obey("point_gimbal")
        self._pitch = pitch_deg

    def close(self) -> None:
        """Nothing to let go of."""

    def _obey(self, command: str) -> None:
        self.commands.append(command)
        self.log.append((self.now, (self._at[0], self._at[1]), command))
        if command in self.refuse:
            raise CommandRefused(command=command, result="MAV_RESULT 4")

    # flying
    def _step(self, dt_s: float) -> None:
        self.now += dt_s
        for at_s in [at_s for at_s in self.faults if at_s <= self.now]:
            self._strike(self.faults.pop(at_s))
        before = tuple(self._at)
        if self._armed:
            self._move(dt_s)
        moved = tuple(a - b for a, b in zip(self._at, before, strict=True))
        self._velocity = (moved[0] / dt_s, moved[1] / dt_s, moved[2] / dt_s)
        self._capture(math.hypot(moved[0], moved[1]))
        yaw = math.degrees(math.atan2(moved[0], moved[1])) if math.hypot(*moved[:2]) > 0.01 else 0.0
        self._samples += [
            ClockSample(boot_s=self.now, unix_s=START_UNIX_S + self.now),
            AttitudeSample(boot_s=self.now, yaw_deg=yaw, pitch_deg=0.0, roll_deg=0.0),
            GimbalSample(boot_s=self.now, yaw_deg=0.0, pitch_deg=self._pitch, roll_deg=0.0, from_north=False),
            self._position(),
        ]

    def _strike(self, fault: str) -> None:
        match fault:
            case "loiter" | "rtl":
                self._mode, self.lost_s = fault.upper(), min(self.lost_s, self.now)
            case "wind":
                self._wind = 14.0
            case "silence":
                self._silent_since, self.lost_s = self.now, min(self.lost_s, self.now + 4.3)
            case "disarm":
                self._armed, self.lost_s = False, min(self.lost_s, self.now)
            case "drain":
                self._share = 0.2
            case "empty":
                self._share = 0.002
            case "glitch" | "steady":
                self._glitch = fault == "glitch"
            case "weak" | "no fix":
                self._fix, self._satellites = (3, 4) if fault == "weak" else (1, 0)
            case "no position":
                self._ekf_ok = False

    def _move(self, dt_s: float) -> None:
        if self._mode == "GUIDED":
            self._towards(*(self._goal or self._at), dt_s)
        elif self._mode == "AUTO":
            self._fly_mission(dt_s)
        elif self._mode == "LOITER":
            self.now += 900 * (self.now > self.lost_s + 5)  # nothing more happens: let the watch run out at once
        elif self._mode in {"RTL", "LAND"}:
            self._come_down(dt_s, home=self._mode == "RTL")

    def _fly_mission(self, dt_s: float) -> None:
        item = self._lists[ListKind.MISSION][self.mission_seq]
        arrived = True
        if item.command == Command.TRIGGER_DISTANCE:
            self._trigger_m = item.params[0]
        elif item.command == Command.TAKEOFF:
            arrived = self._towards(self._at[0], self._at[1], item.height_m, dt_s)
        elif item.command == Command.RETURN_TO_LAUNCH:
            self._come_down(dt_s, home=True)
            arrived = False
        elif item.command == Command.WAYPOINT:
            east = (item.lon_e7 / 1e7 - self._home.lon_deg) * M_PER_LAT * math.cos(math.radians(self._home.lat_deg))
            arrived = self._towards(east, (item.lat_e7 / 1e7 - self._home.lat_deg) * M_PER_LAT, item.height_m, dt_s)
        self.mission_seq += arrived

    def _come_down(self, dt_s: float, *, home: bool) -> None:
        above = self._at[:2] if not home else [0.0, 0.0]
        if self._towards(above[0], above[1], self._at[2], dt_s) and self._towards(*above, 0.0, dt_s):
            self._armed = False

    def _towards(self, east: float, north: float, height: float, dt_s: float) -> bool:
        goal = (east, north, height)
        left = math.dist(self._at, goal)
        share = min(1.0, self._speed * dt_s / left) if left else 1.0
        self._at = [a + (g - a) * share for a, g in zip(self._at, goal, strict=True)]
        return share == 1.0

    def _capture(self, moved_m: float) -> None:
        self._since_capture_m += moved_m
        if self._trigger_m and self._since_capture_m >= self._trigger_m:
            self._since_capture_m, self._captures = 0.0, self._captures + 1
            here = self._position()
            self._samples.append(
                CaptureSample(
                    boot_s=self.now,
                    index=self._captures,
                    lat_deg=here.lat_deg,
                    lon_deg=here.lon_deg,
                    alt_amsl_m=here.alt_amsl_m,
                    yaw_deg=0.0,
                    pitch_deg=self._pitch,
                    roll_deg=0.0,
                )
            )

    def _position(self) -> PositionSample:
        east, north, up = self._at
        return PositionSample(
            boot_s=self.now,
            lat_deg=self._home.lat_deg + north / M_PER_LAT,
            lon_deg=self._home.lon_deg + east / M_PER_LAT / math.cos(math.radians(self._home.lat_deg)),
            alt_amsl_m=self._home.alt_ellipsoid_m - 9.0 + up,
            height_home_m=up,
            velocity_enu_m_s=self._velocity,
        )
