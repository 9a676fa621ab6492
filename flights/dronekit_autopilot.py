"""The autopilot port over DroneKit. The only file that imports DroneKit, and it does so late.

DroneKit keeps the link, parses, and downloads parameters. It checks no answer to anything it sends, so every command
here goes out as COMMAND_LONG and waits for its COMMAND_ACK, and lists go through `flights.mission_transfer`.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from queue import Empty, Queue
from typing import TYPE_CHECKING, Any, Self

from flights.autopilot import VehicleState
from flights.errors import AutopilotError, CommandRefused, LinkLost, TransferFailed
from flights.mavlink_decode import reply_of, sample_of
from flights.mission_items import Command, ListKind, MissionItem
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
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from flights.mission_transfer import TransferMessage
    from flights.samples import Sample

ACK_S = 3.0  # on a real telemetry radio an answer takes up to a second
ACK_REPEATS = 2
HEARTBEAT_S = 0.5  # vehicle seconds; FS_GCS_TIMEOUT is 5
HICCUP_S = 1.5  # wall seconds; heartbeats come every second at most
CUSTOM_MODE = 1  # MAV_MODE_FLAG_CUSTOM_MODE_ENABLED
IN_PROGRESS = 5  # MAV_RESULT_IN_PROGRESS
PREARM_OK = 0x10000000  # MAV_SYS_STATUS_PREARM_CHECK
EKF_GOOD = 0x0001 | 0x0010  # attitude and absolute horizontal position. Source: MAVLink EKF_STATUS_FLAGS
EKF_BAD = 0x0080  # constant position mode: there is no position at all
# Source: ArduPilot's message ids and what a pose needs: interpolated over 0.1 s at 10 m/s a straight line errs by 1 cm.
STREAMS_HZ = {30: 10, 33: 10, 285: 10, 2: 2, 1: 2, 24: 2, 42: 4, 147: 2, 168: 2, 193: 2, 74: 1}


class DroneKitAutopilot:
    """One aircraft behind a connection string such as `tcp:127.0.0.1:5760` or `udpin:0.0.0.0:14550`.

    Use `DroneKitAutopilot.connect(...)`, as a context manager.
    """

    def __init__(self, vehicle: Any, *, time_speed: float = 1.0) -> None:  # noqa: ANN401 - DroneKit has no type stubs
        self._vehicle = vehicle
        self._speed = time_speed
        self._latest: dict[str, Any] = {}
        self._samples: deque[Sample] = deque()
        self._texts: deque[str] = deque(maxlen=8)
        self._acks: Queue[Any] = Queue()
        self._replies: Queue[tuple[int, TransferMessage]] = Queue()
        self._boot_s = 0.0
        self._utc_offset_s: float | None = None
        self._position: PositionSample | None = None
        self._heard_at = time.monotonic()
        self._transferring = threading.Lock()
        self._closing = threading.Event()
        vehicle.add_message_listener("*", self._on_message)
        self._heartbeat = threading.Thread(target=self._send_heartbeats, name="gcs-heartbeat", daemon=True)
        self._heartbeat.start()
        for message_id, rate_hz in STREAMS_HZ.items():
            self._send_command(Command.MESSAGE_INTERVAL, message_id, 1e6 / rate_hz)

    @classmethod
    def connect(cls, address: str, *, timeout_s: float = 30.0, time_speed: float = 1.0) -> DroneKitAutopilot:
        """Connect and wait for parameters, position fix and attitude.

        Args:
            address: DroneKit connection string.
            timeout_s: wall seconds until giving up.
            time_speed: how much faster than real time the (simulated) vehicle's clock runs.

        Raises:
            LinkLost: no autopilot answered in time.
        """
        started = time.monotonic()
        vehicle = _dial(address, timeout_s)
        vehicle._heartbeat_error = 0  # noqa: SLF001 - else its reader dies after 30 s of silence; we watch the age
        autopilot = cls(vehicle, time_speed=time_speed)
        try:
            left_s = max(1.0, timeout_s - (time.monotonic() - started))
            vehicle.wait_ready("parameters", "gps_0", "armed", "mode", "attitude", timeout=left_s)
        except TimeoutError as error:
            autopilot.close()
            raise LinkLost(f"{address}: incomplete telemetry after {timeout_s:.0f} s: {error}") from error
        return autopilot

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # --- what comes in (called on DroneKit's reader thread) -------------------------------------------------------

    def _on_message(self, _vehicle: Any, name: str, message: Any) -> None:  # noqa: ANN401 - DroneKit's listener
        if name == "HEARTBEAT" and self._is_foreign(message):
            return
        self._latest[name] = message
        if name == "HEARTBEAT":
            self._heard_at = time.monotonic()
        elif name == "COMMAND_ACK":
            self._acks.put(message)
        elif name.startswith("MISSION_") and (reply := reply_of(message)) is not None:
            self._replies.put((getattr(message, "mission_type", 0), reply))
        if (sample := sample_of(message, self._boot_s)) is not None:
            self._keep(sample)

    def _is_foreign(self, heartbeat: Any) -> bool:  # noqa: ANN401 - as above
        """Heartbeats of ground stations, cameras and gimbals on the same link say nothing about the autopilot."""
        ours = heartbeat.get_srcSystem() == self._vehicle._handler.target_system  # noqa: SLF001 - nowhere public
        return not ours or heartbeat.get_srcComponent() != 1 or heartbeat.autopilot == 8

    def _keep(self, sample: Sample) -> None:
        self._boot_s = max(self._boot_s, sample.boot_s)
        if isinstance(sample, PositionSample):
            self._position = sample
        elif isinstance(sample, TextSample):
            self._texts.append(sample.text)
        elif isinstance(sample, ClockSample) and sample.unix_s >= EARLIEST_UNIX_S:
            self._utc_offset_s = sample.unix_s - sample.boot_s
        self._samples.append(sample)

    def observe(self) -> VehicleState:
        """The newest state."""
        gps, battery = self._latest.get("GPS_RAW_INT"), self._latest.get("SYS_STATUS")
        wind, current = self._latest.get("WIND"), self._latest.get("MISSION_CURRENT")
        ekf = self._latest.get("EKF_STATUS_REPORT")
        return VehicleState(
            link_age_s=self._link_age_s(),
            mode=str(self._vehicle.mode.name) if self._vehicle.mode else None,
            armed=bool(self._vehicle.armed),
            armable=self._armable(),
            utc_s=None if self._utc_offset_s is None else self._boot_s + self._utc_offset_s,
            position=self._position,
            gps_fix=None if gps is None else gps.fix_type,
            satellites=None if gps is None else gps.satellites_visible,
            ekf_ok=ekf is not None and ekf.flags & EKF_GOOD == EKF_GOOD and not ekf.flags & EKF_BAD,
            battery_share=None if battery is None or battery.battery_remaining < 0 else battery.battery_remaining / 100,
            wind_m_s=None if wind is None else wind.speed,
            wind_from_deg=None if wind is None else wind.direction % 360,
            mission_seq=None if current is None else current.seq,
        )

    def _link_age_s(self) -> float:
        """Vehicle seconds since the last heartbeat; a hiccup of this machine does not count for a fast clock."""
        wall_s = time.monotonic() - self._heard_at
        return wall_s * self._speed if wall_s > HICCUP_S else min(wall_s * self._speed, HICCUP_S)

    def _armable(self) -> bool:
        status = self._latest.get("SYS_STATUS")
        if status is not None and status.onboard_control_sensors_present & PREARM_OK:
            return bool(self._vehicle.is_armable and status.onboard_control_sensors_health & PREARM_OK)
        return bool(self._vehicle.is_armable)

    def drain(self) -> tuple[Sample, ...]:
        """All samples since the last call, in the order they came."""
        return tuple(self._samples.popleft() for _ in range(len(self._samples)))

    # --- commands ---------------------------------------------------------------------------------------------------

    def _send_heartbeats(self) -> None:
        mav = self._vehicle._master.mav  # noqa: SLF001 - DroneKit has no public sender for heartbeats
        while not self._closing.wait(HEARTBEAT_S / self._speed):
            mav.heartbeat_send(6, 8, 0, 0, 0)  # MAV_TYPE_GCS, MAV_AUTOPILOT_INVALID

    def _send_command(self, command: int, *params: float, confirmation: int = 0) -> None:
        values = (*params, *(0.0,) * (7 - len(params)))
        factory = self._vehicle.message_factory
        self._vehicle.send_mavlink(factory.command_long_encode(0, 1, int(command), confirmation, *values))

    def _command(self, name: str, command: int, *params: float) -> None:
        """Send a command, wait for its ACK, repeat when there is none.

        Raises:
            CommandRefused: the ACK says anything but accepted.
            LinkLost: there was no ACK.
        """
        self._acks = Queue()
        for confirmation in range(ACK_REPEATS + 1):
            self._send_command(command, *params, confirmation=confirmation)
            result = self._wait_for_ack(command)
            if result == 0:
                return
            if result is not None:
                time.sleep(0.2 / self._speed)  # the status text that says why follows the ACK
                texts = [sample.text for sample in tuple(self._samples) if isinstance(sample, TextSample)][-2:]
                raise CommandRefused(
                    command=name, result=f"MAV_RESULT {result}", reason="; ".join(texts or list(self._texts)[-1:])
                )
        raise LinkLost(f"{name}: no COMMAND_ACK after {ACK_REPEATS + 1} tries. Check the link.")

    def _wait_for_ack(self, command: int) -> int | None:
        deadline = time.monotonic() + ACK_S
        while (left_s := deadline - time.monotonic()) > 0:
            try:
                ack = self._acks.get(timeout=left_s)
            except Empty:
                return None
            if ack.command != command:
                continue
            if ack.result != IN_PROGRESS:
                return int(ack.result)
            deadline = time.monotonic() + ACK_S
        return None

    def parameters(self) -> Mapping[str, float]:
        """The autopilot's parameters by name."""
        return {str(name): float(value) for name, value in self._vehicle.parameters.items()}

    def set_mode(self, mode: str) -> None:
        """Change the flight mode.

        Raises:
            CommandRefused: unknown or refused mode.
        """
        numbers = self._vehicle._mode_mapping  # noqa: SLF001 - the only table of mode numbers DroneKit has
        if mode not in numbers:
            raise CommandRefused(command=f"mode {mode}", result="unknown mode")
        self._command(f"mode {mode}", Command.SET_MODE, CUSTOM_MODE, numbers[mode])

    def arm(self) -> None:
        """Arm the motors."""
        self._command("arm", Command.ARM_DISARM, 1)

    def disarm(self) -> None:
        """Disarm on the ground."""
        self._command("disarm", Command.ARM_DISARM, 0)

    def take_off(self, height_home_m: float) -> None:
        """Climb from the ground in GUIDED mode."""
        self._command("take-off", Command.TAKEOFF, 0, 0, 0, 0, 0, 0, height_home_m)

    def stop_trigger(self) -> None:
        """Stop taking pictures by distance."""
        self._command("stop the camera trigger", Command.TRIGGER_DISTANCE, 0)

    def point_gimbal(self, pitch_deg: float) -> None:
        """Turn the lens: pitch against the horizon, yaw with the nose."""
        self._command("point the gimbal", Command.MOUNT_CONTROL, pitch_deg, 0, 0, 0, 0, 0, 2)  # MAVLINK_TARGETING

    # --- lists (MissionLink) ------------------------------------------------------------------------------------------

    def transfer(self, kind: ListKind, items: Sequence[MissionItem]) -> None:
        """Upload a list, download it and compare. Two transfers never overlap.

        Raises:
            TransferFailed: refused, incomplete, or different when read back.
        """
        if not self._transferring.acquire(timeout=60.0):
            raise TransferFailed(f"{kind.name.lower()}: another transfer does not end.")
        try:
            upload(self, kind, items)
            held = download(self, kind)
        finally:
            self._transferring.release()
        seq = differing_item(kind, items, held)
        if seq is not None:
            theirs = held[seq] if seq < len(held) else None
            ours = items[seq] if seq < len(items) else None
            raise TransferFailed(f"{kind.name.lower()} item {seq} reads back different: sent {ours}, holds {theirs}.")

    def send_transfer(self, kind: ListKind, message: TransferMessage) -> None:
        """Send one message about a list."""
        factory = self._vehicle.message_factory
        match message:
            case ListLength():
                encoded = factory.mission_count_encode(0, 1, message.count, int(kind))
            case ListWanted():
                encoded = factory.mission_request_list_encode(0, 1, int(kind))
            case ItemWanted():
                encoded = factory.mission_request_int_encode(0, 1, message.seq, int(kind))
            case ListItem():
                item = message.item
                head = (0, 1, message.seq, item.frame, item.command, 0, 1, *item.params)
                encoded = factory.mission_item_int_encode(*head, item.lat_e7, item.lon_e7, item.height_m, int(kind))
            case TransferEnded():
                encoded = factory.mission_ack_encode(0, 1, message.result, int(kind))
        self._vehicle.send_mavlink(encoded)

    def next_reply(self, kind: ListKind, timeout_s: float) -> TransferMessage | None:
        """The autopilot's next message about this list, or None after the time has passed."""
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            try:
                about, reply = self._replies.get(timeout=left_s)
            except Empty:
                return None
            if about == kind:
                return reply
        return None

    def forget_replies(self) -> None:
        """Drop what is left over from an earlier transfer."""
        self._replies = Queue()

    def close(self) -> None:
        """Let go of the link; the aircraft is left to its own failsafes.

        Raises:
            AutopilotError: DroneKit does not let go.
        """
        self._closing.set()
        self._heartbeat.join(timeout=2.0)
        closer = threading.Thread(target=self._vehicle.close, name="dronekit-close", daemon=True)
        closer.start()
        closer.join(timeout=5.0)
        if closer.is_alive():
            raise AutopilotError("the link does not close: DroneKit's threads hang.")


def _dial(address: str, timeout_s: float) -> Any:  # noqa: ANN401 - DroneKit has no type stubs
    """Connect on a thread of its own: DroneKit waits without end for the first parameter, and is left behind then."""
    found: Queue[Any] = Queue()
    abandoned = threading.Event()

    def dial() -> None:
        import dronekit  # noqa: PLC0415 - imported late so that the command line starts without it

        try:
            vehicle = dronekit.connect(address, rate=4, heartbeat_timeout=timeout_s)
        except (dronekit.APIException, OSError, ValueError) as error:
            found.put(error)
            return
        found.put(vehicle)
        if abandoned.is_set():
            vehicle.close()

    os.environ["MAVLINK20"] = "1"  # before the first import, or the v1 dialect without fence lists is used
    threading.Thread(target=dial, name="dronekit-connect", daemon=True).start()
    try:
        vehicle = found.get(timeout=timeout_s)
    except Empty:
        abandoned.set()
        raise LinkLost(f"{address}: no autopilot within {timeout_s:.0f} s. Check address and power.") from None
    if isinstance(vehicle, Exception):
        raise LinkLost(f"{address}: {vehicle}. Check address and power.") from vehicle
    return vehicle
