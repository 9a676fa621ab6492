"""The autopilot port over MAVLink, whatever carries the messages: what is heard, commands with their ACK, lists.

Nothing counts as done because it was sent: a command waits for its COMMAND_ACK, a list is read back, a parameter is
read afresh. Heartbeats of cameras, gimbals and other ground stations on the link say nothing about the aircraft.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pymavlink import mavutil
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flights.autopilot import VehicleState
from flights.errors import CommandRefused, LinkLost, TransferFailed
from flights.mavlink_decode import reply_of, sample_of
from flights.mission_items import Command, Frame, ListKind, MissionItem
from flights.mission_transfer import (
    ItemWanted,
    ListItem,
    ListLength,
    ListWanted,
    TransferEnded,
    differing_item,
    download,
    upload,
)  # fmt: skip
from flights.samples import EARLIEST_UNIX_S, ClockSample, PositionSample, TextSample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from flights.mission_transfer import TransferMessage
    from flights.samples import Sample

    Message = Any  # pymavlink has no types
T = TypeVar("T")

AUTOPILOT_COMPONENT = 1
# What a gimbal or camera may tell by itself; its heartbeats and answers say nothing about the aircraft.
PAYLOAD = frozenset({"GIMBAL_DEVICE_ATTITUDE_STATUS", "MOUNT_ORIENTATION", "MOUNT_STATUS", "CAMERA_FEEDBACK"})
ACK_S = 1.5  # on a real telemetry radio an answer takes up to a second
ACK_REPEATS = 4
PARAMETER_S = 1.0
PARAMETER_REPEATS = 10
CUSTOM_MODE = 1  # MAV_MODE_FLAG_CUSTOM_MODE_ENABLED
ARMED = 128  # MAV_MODE_FLAG_SAFETY_ARMED
IN_PROGRESS = 5  # MAV_RESULT_IN_PROGRESS
PREARM_OK = 0x10000000  # MAV_SYS_STATUS_PREARM_CHECK
PREARM_S = 40.0  # ArduPilot repeats its complaints every 30 s
EKF_GOOD = 0x0001 | 0x0010  # attitude and absolute horizontal position. Source: MAVLink EKF_STATUS_FLAGS
EKF_BAD = 0x0080  # constant position mode: there is no position at all
EKF_GLITCH = 0x8000
# Source: ArduPilot's message ids and what a pose needs: interpolated over 0.1 s at 10 m/s a straight line errs by 1 cm.
STREAMS_HZ = {30: 10, 33: 10, 285: 10, 2: 2, 1: 2, 24: 2, 42: 4, 147: 2, 168: 2, 193: 4, 74: 1}
NAME_OF = {int(number): str(name) for number, name in mavutil.mode_mapping_acm.items()}
MODE_OF = {name: number for number, name in NAME_OF.items()}


class MavlinkAutopilot(ABC):
    """One ArduCopter behind some link. A subclass carries messages and time."""

    def __init__(self) -> None:
        self._system = 1
        self._latest: dict[str, Message] = {}
        self._samples: deque[Sample] = deque()
        self._texts: deque[str] = deque(maxlen=8)
        self._prearm: dict[str, float] = {}
        self._acks: deque[Message] = deque()
        self._parameters: dict[str, float] = {}
        self._replies: deque[tuple[int, TransferMessage]] = deque()
        self._boot_s = 0.0
        self._utc_offset_s: float | None = None
        self._position: PositionSample | None = None
        self._transferring = threading.Lock()
        self._looking = False

    @abstractmethod
    def _send(self, message: Message) -> None:
        """Send one message as the ground station."""

    @abstractmethod
    def _await(self, take: Callable[[], T | None], timeout_s: float) -> T | None:
        """Ask `take` whenever something was heard until it gives something, or None after the time has passed."""

    @abstractmethod
    def _link_age_s(self) -> float:
        """Vehicle seconds since the last heartbeat."""

    # --- what comes in ------------------------------------------------------------------------------------------------

    def _hear(self, message: Message) -> None:
        """Take in one message of the link."""
        name, own = message.get_type(), message.get_srcComponent() == AUTOPILOT_COMPONENT
        if message.get_srcSystem() != self._system or not (own or name in PAYLOAD):
            return
        self._latest[name] = message
        if name == "HEARTBEAT":
            self._heartbeat()
        elif name == "COMMAND_ACK":
            self._acks.append(message)
        elif name == "PARAM_VALUE":
            self._parameters[str(message.param_id)] = float(message.param_value)
        elif name.startswith("MISSION_") and (reply := reply_of(message)) is not None:
            self._replies.append((getattr(message, "mission_type", 0), reply))
        if (sample := sample_of(message, self._boot_s, own_clock=own)) is not None:
            self._keep(sample)

    @abstractmethod
    def _heartbeat(self) -> None:
        """The aircraft's heartbeat was heard."""

    def _keep(self, sample: Sample) -> None:
        self._boot_s = max(self._boot_s, sample.boot_s)
        if isinstance(sample, PositionSample):
            self._position = sample
        elif isinstance(sample, TextSample):
            self._texts.append(sample.text)
            if sample.text.startswith("PreArm:"):
                self._prearm[sample.text] = sample.boot_s
        elif isinstance(sample, ClockSample) and sample.unix_s >= EARLIEST_UNIX_S:
            self._utc_offset_s = sample.unix_s - sample.boot_s
        self._samples.append(sample)

    def observe(self) -> VehicleState:
        """The newest state."""
        gps, battery = self._latest.get("GPS_RAW_INT"), self._latest.get("SYS_STATUS")
        wind, current = self._latest.get("WIND"), self._latest.get("MISSION_CURRENT")
        beat, ekf = self._latest.get("HEARTBEAT"), self._latest.get("EKF_STATUS_REPORT")
        ekf_ok = ekf is not None and ekf.flags & EKF_GOOD == EKF_GOOD and not ekf.flags & EKF_BAD
        prearm_ok = battery is not None and (
            not battery.onboard_control_sensors_present & PREARM_OK
            or bool(battery.onboard_control_sensors_health & PREARM_OK)
        )
        return VehicleState(
            link_age_s=self._link_age_s(),
            mode=None if beat is None else NAME_OF.get(beat.custom_mode, f"mode {beat.custom_mode}"),
            armed=beat is not None and bool(beat.base_mode & ARMED),
            armable=ekf_ok and prearm_ok and gps is not None and gps.fix_type >= mavlink.GPS_FIX_TYPE_3D_FIX,
            utc_s=None if self._utc_offset_s is None else self._boot_s + self._utc_offset_s,
            position=self._position,
            gps_fix=None if gps is None else gps.fix_type,
            satellites=None if gps is None else gps.satellites_visible,
            ekf_ok=ekf_ok,
            gps_glitch=ekf is not None and bool(ekf.flags & EKF_GLITCH),
            battery_share=None if battery is None or battery.battery_remaining < 0 else battery.battery_remaining / 100,
            wind_m_s=None if wind is None else wind.speed,
            wind_from_deg=None if wind is None else wind.direction % 360,
            mission_seq=None if current is None else current.seq,
            prearm=tuple(text for text, at_s in tuple(self._prearm.items()) if self._boot_s - at_s < PREARM_S),
        )

    def drain(self) -> tuple[Sample, ...]:
        """All samples since the last call, in the order they came."""
        return tuple(self._samples.popleft() for _ in range(len(self._samples)))

    # --- commands ---------------------------------------------------------------------------------------------------

    def ask_for_streams(self) -> None:
        """Ask for the messages that a patrol needs, without waiting."""
        for message_id, rate_hz in STREAMS_HZ.items():
            self._send(self._long(Command.MESSAGE_INTERVAL, (message_id, 1e6 / rate_hz), 0))

    def _long(self, command: int, params: Sequence[float], confirmation: int) -> Message:
        values = (*params, *(0.0,) * (7 - len(params)))
        return mavlink.MAVLink_command_long_message(self._system, 1, int(command), confirmation, *values)

    def _command(self, name: str, command: int, *params: float) -> None:
        """Send a COMMAND_LONG until it is answered.

        Raises:
            CommandRefused: the ACK says anything but accepted.
            LinkLost: there was no ACK.
        """
        self._until_answered(name, command, lambda confirmation: self._long(command, params, confirmation))

    def _at_place(self, name: str, command: int, params: tuple[float, ...], place: tuple[float, float, float]) -> None:
        """Send a COMMAND_INT about a place (latitude, longitude, metres above home) until it is answered."""
        lat_e7, lon_e7 = round(place[0] * 1e7), round(place[1] * 1e7)
        head = (self._system, 1, int(Frame.RELATIVE), int(command), 0, 0, *params)
        message = mavlink.MAVLink_command_int_message(*head, lat_e7, lon_e7, place[2])
        self._until_answered(name, command, lambda _confirmation: message)

    def _until_answered(self, name: str, command: int, message: Callable[[int], Message]) -> None:
        self._acks.clear()
        for confirmation in range(ACK_REPEATS + 1):
            self._send(message(confirmation))
            result = self._await(lambda: self._result_of(command), ACK_S)
            while result == IN_PROGRESS:
                result = self._await(lambda: self._result_of(command), 2 * ACK_S)
            if result == 0:
                return
            if result is not None:
                self._await(lambda: None, 0.2)  # the status text that says why follows the ACK
                texts = [sample.text for sample in tuple(self._samples) if isinstance(sample, TextSample)][-2:]
                why = "; ".join(texts or list(self._texts)[-1:])
                raise CommandRefused(command=name, result=f"MAV_RESULT {result}", reason=why)
        raise LinkLost(f"{name}: no COMMAND_ACK after {ACK_REPEATS + 1} tries. Check the link.")

    def _result_of(self, command: int) -> int | None:
        while self._acks:
            ack = self._acks.popleft()
            if ack.command == command:
                return int(ack.result)
        return None

    def parameters(self, names: Iterable[str]) -> Mapping[str, float]:
        """Parameters read now; those that the autopilot does not have are left out."""
        wanted = set(names)
        for name in wanted:
            self._parameters.pop(name, None)
        for _ in range(PARAMETER_REPEATS):
            missing = wanted - self._parameters.keys()
            for name in sorted(missing):
                self._send(mavlink.MAVLink_param_request_read_message(self._system, 1, name.encode(), -1))
            if self._await(lambda: wanted <= self._parameters.keys() or None, PARAMETER_S):
                break
        return {name: self._parameters[name] for name in sorted(wanted & self._parameters.keys())}

    def set_mode(self, mode: str) -> None:
        """Change the flight mode.

        Raises:
            CommandRefused: unknown or refused mode.
        """
        if mode not in MODE_OF:
            raise CommandRefused(command=f"mode {mode}", result="unknown mode")
        self._command(f"mode {mode}", Command.SET_MODE, CUSTOM_MODE, MODE_OF[mode])

    def arm(self) -> None:
        """Arm the motors."""
        self._command("arm", Command.ARM_DISARM, 1)

    def disarm(self) -> None:
        """Disarm on the ground."""
        self._command("disarm", Command.ARM_DISARM, 0)

    def take_off(self, height_home_m: float) -> None:
        """Climb from the ground in GUIDED mode."""
        self._command("take-off", Command.TAKEOFF, 0, 0, 0, 0, 0, 0, height_home_m)

    def go_to(self, lat_deg: float, lon_deg: float, height_home_m: float) -> None:
        """Fly straight to a place, in GUIDED mode."""
        self._at_place("go to", Command.REPOSITION, (-1.0, 0.0, 0.0, 0.0), (lat_deg, lon_deg, height_home_m))

    def trigger(self, every_m: float) -> None:
        """Take pictures by distance; 0 stops it."""
        self._command(f"camera trigger every {every_m:g} m", Command.TRIGGER_DISTANCE, every_m)

    def point_gimbal(self, pitch_deg: float) -> None:
        """Turn the lens: pitch against the horizon, yaw with the nose."""
        if self._looking:
            self._looking = False
            self._send(self._long(Command.LOOK_NOWHERE, (), 0))
        self._command("point the gimbal", Command.MOUNT_CONTROL, pitch_deg, 0, 0, 0, 0, 0, 2)  # MAVLINK_TARGETING

    def look_at(self, lat_deg: float, lon_deg: float, height_home_m: float) -> None:
        """Turn lens or nose to a place, until `point_gimbal`."""
        self._looking = True
        self._at_place("look at", Command.LOOK_AT, (0.0, 0.0, 0.0, 0.0), (lat_deg, lon_deg, height_home_m))

    # --- lists (MissionLink) ------------------------------------------------------------------------------------------

    def transfer(self, kind: ListKind, items: Sequence[MissionItem]) -> None:
        """Upload a list, download it and compare. Two transfers never overlap.

        Raises:
            TransferFailed: refused, incomplete, or different when read back.
        """
        with self._alone(kind):
            upload(self, kind, items)
            held = download(self, kind)
        seq = differing_item(kind, items, held)
        if seq is not None:
            theirs = held[seq] if seq < len(held) else None
            ours = items[seq] if seq < len(items) else None
            raise TransferFailed(f"{kind.name.lower()} item {seq} reads back different: sent {ours}, holds {theirs}.")

    def held(self, kind: ListKind) -> tuple[MissionItem, ...]:
        """Download a list.

        Raises:
            TransferFailed: it does not come whole.
        """
        with self._alone(kind):
            return download(self, kind)

    def _alone(self, kind: ListKind) -> threading.Lock:
        if self._transferring.locked():
            raise TransferFailed(f"{kind.name.lower()}: another transfer is under way.")
        return self._transferring

    def send_transfer(self, kind: ListKind, message: TransferMessage) -> None:
        """Send one message about a list."""
        to = (self._system, 1)
        match message:
            case ListLength():
                self._send(mavlink.MAVLink_mission_count_message(*to, message.count, int(kind)))
            case ListWanted():
                self._send(mavlink.MAVLink_mission_request_list_message(*to, int(kind)))
            case ItemWanted():
                self._send(mavlink.MAVLink_mission_request_int_message(*to, message.seq, int(kind)))
            case ListItem():
                item = message.item
                head = (*to, message.seq, item.frame, item.command, 0, 1, *item.params)
                place = (item.lat_e7, item.lon_e7, item.height_m)
                self._send(mavlink.MAVLink_mission_item_int_message(*head, *place, int(kind)))
            case TransferEnded():
                self._send(mavlink.MAVLink_mission_ack_message(*to, message.result, int(kind)))

    def next_reply(self, kind: ListKind, timeout_s: float) -> TransferMessage | None:
        """The autopilot's next message about this list, or None after the time has passed."""
        return cast("TransferMessage | None", self._await(lambda: self._reply_about(kind), timeout_s))

    def _reply_about(self, kind: ListKind) -> TransferMessage | None:
        while self._replies:
            about, reply = self._replies.popleft()
            if about == kind:
                return reply
        return None

    def forget_replies(self) -> None:
        """Drop what is left over from an earlier transfer."""
        self._replies.clear()
