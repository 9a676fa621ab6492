"""What the client sends, and the answers: commands with COMMAND_ACK, parameters, goto, mission transfers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flights.simulator.mission_protocol import MissionProtocol, item_from
from flights.simulator.modes import Mode

if TYPE_CHECKING:
    from collections.abc import Callable

    from flights.simulator.autopilot import Autopilot
    from flights.simulator.telemetry import Telemetry
    from flights.simulator.wire import Message, Params

ACCEPTED = int(mavlink.MAV_RESULT_ACCEPTED)
FAILED = int(mavlink.MAV_RESULT_FAILED)
DENIED = int(mavlink.MAV_RESULT_DENIED)
UNSUPPORTED = int(mavlink.MAV_RESULT_UNSUPPORTED)
FORCE_MAGIC = 2989.0  # Source: ArduPilot arming, param2 that skips the checks (21196 works as well)


class Commands:
    """Handles every message of the client; unknown messages are ignored, unknown commands get UNSUPPORTED."""

    def __init__(self, pilot: Autopilot, telemetry: Telemetry) -> None:
        self._pilot, self._telemetry = pilot, telemetry
        self.missions = MissionProtocol(pilot.store, send=pilot.send, on_fence=pilot.fence_changed)
        self._messages: dict[str, Callable[[Message], None]] = {
            "HEARTBEAT": self._heartbeat, "COMMAND_LONG": self._command_long, "COMMAND_INT": self._command_int,
            "PARAM_REQUEST_LIST": self._param_list, "PARAM_REQUEST_READ": self._param_read,
            "PARAM_SET": self._param_set, "SET_MODE": self._set_mode, "REQUEST_DATA_STREAM": self._data_stream,
            "MISSION_SET_CURRENT": self._set_current,
            "MOUNT_CONTROL": self._mount_control,
        }  # fmt: skip
        self._commands: dict[int, Callable[[Params], int]] = {
            mavlink.MAV_CMD_COMPONENT_ARM_DISARM: self._arm,
            mavlink.MAV_CMD_DO_SET_MODE: lambda p: self._mode(int(p[1])),
            mavlink.MAV_CMD_NAV_TAKEOFF: lambda p: _result(done=pilot.take_off(p[6])),
            mavlink.MAV_CMD_NAV_RETURN_TO_LAUNCH: lambda _: self._mode(Mode.RTL),
            mavlink.MAV_CMD_NAV_LAND: lambda _: self._mode(Mode.LAND),
            mavlink.MAV_CMD_NAV_LOITER_UNLIM: lambda _: self._mode(Mode.LOITER),
            mavlink.MAV_CMD_MISSION_START: self._mission_start,
            mavlink.MAV_CMD_DO_SET_MISSION_CURRENT: lambda p: _result(done=pilot.run.jump_to(int(p[0]))),
            mavlink.MAV_CMD_REQUEST_AUTOPILOT_CAPABILITIES: lambda _: self._request("AUTOPILOT_VERSION"),
            mavlink.MAV_CMD_GET_HOME_POSITION: lambda _: self._request("HOME_POSITION"),
            mavlink.MAV_CMD_REQUEST_MESSAGE: lambda p: self._request(_message_name(int(p[0]))),
            mavlink.MAV_CMD_SET_MESSAGE_INTERVAL: self._interval,
            mavlink.MAV_CMD_DO_MOUNT_CONFIGURE: lambda _: ACCEPTED,
        }  # fmt: skip

    def handle(self, message: Message) -> None:
        """Answer one message."""
        name = message.get_type()
        if getattr(message, "target_system", 0) not in {0, int(self._pilot.params["SYSID_THISMAV"])}:
            return
        if name in {"MISSION_ITEM", "MISSION_ITEM_INT"} and message.current in {2, 3}:
            self._guided_item(message)
        elif name in self._messages:
            self._messages[name](message)
        elif name.startswith("MISSION_"):
            self.missions.handle(message, now_s=self._pilot.now_s, running=self._pilot.running_mission)

    def _heartbeat(self, message: Message) -> None:
        is_ours = message.get_srcSystem() == int(self._pilot.params["SYSID_MYGCS"])
        if message.type == mavlink.MAV_TYPE_GCS and is_ours:
            self._pilot.failsafes.gcs_heard_s = self._pilot.now_s

    # Commands

    def _command_long(self, message: Message) -> None:
        params = tuple(float(getattr(message, f"param{i}")) for i in range(1, 8))
        self._execute(message, params)

    def _command_int(self, message: Message) -> None:
        head = tuple(float(getattr(message, f"param{i}")) for i in range(1, 5))
        self._execute(message, (*head, float(message.x), float(message.y), float(message.z)))

    def _execute(self, message: Message, params: tuple[float, ...]) -> None:
        p: Params = (params[0], params[1], params[2], params[3], params[4], params[5], params[6])
        handler = self._commands.get(message.command)
        self._ack(message, handler(p) if handler else self._pilot.do(message.command, p))

    def _ack(self, message: Message, result: int) -> None:
        self._pilot.send(
            mavlink.MAVLink_command_ack_message(
                message.command, result, 0, 0, message.get_srcSystem(), message.get_srcComponent()
            )
        )

    def _arm(self, p: Params) -> int:
        forced = p[1] in {FORCE_MAGIC, 21196.0}
        if p[0] not in {0.0, 1.0}:
            return UNSUPPORTED
        return _result(done=self._pilot.arm(forced=forced) if p[0] else self._pilot.disarm(forced=forced))

    def _mode(self, number: int) -> int:
        if number not in set(Mode):
            self._pilot.say(mavlink.MAV_SEVERITY_WARNING, f"No such mode {number}")
            return FAILED
        return _result(done=self._pilot.set_mode(Mode(number)))

    def _mission_start(self, p: Params) -> int:
        return DENIED if p[0] or p[1] else _result(done=self._pilot.start_mission())

    def _request(self, name: str) -> int:
        return _result(done=self._telemetry.send_now(name))

    def _interval(self, p: Params) -> int:
        return _result(done=self._telemetry.set_interval(_message_name(int(p[0])), p[1] / 1e6))

    # Guided targets

    def _guided_item(self, message: Message) -> None:
        done = message.current == 2 and self._pilot.go_to(self._pilot.run.target(item_from(message)))
        result = mavlink.MAV_MISSION_ACCEPTED if done else mavlink.MAV_MISSION_ERROR
        client = (message.get_srcSystem(), message.get_srcComponent())
        self._pilot.send(mavlink.MAVLink_mission_ack_message(*client, result, mavlink.MAV_MISSION_TYPE_MISSION))

    def _set_current(self, message: Message) -> None:
        if self._pilot.run.jump_to(message.seq):
            self._telemetry.send_now("MISSION_CURRENT")

    def _set_mode(self, message: Message) -> None:
        self._mode(message.custom_mode)

    def _mount_control(self, message: Message) -> None:
        params = (message.input_a / 100, message.input_b / 100, message.input_c / 100, 0.0, 0.0, 0.0, 2.0)
        self._pilot.payload.command(mavlink.MAV_CMD_DO_MOUNT_CONTROL, params)

    # Parameters and streams

    def _param_list(self, _message: Message) -> None:
        for index in range(len(self._pilot.params)):
            self._telemetry.send_parameter(self._pilot.params.at(index))

    def _param_read(self, message: Message) -> None:
        known = 0 <= message.param_index < len(self._pilot.params)
        found = self._pilot.params.at(message.param_index) if known else self._pilot.params.find(message.param_id)
        if found is not None:
            self._telemetry.send_parameter(found)

    def _param_set(self, message: Message) -> None:
        if not math.isfinite(message.param_value):
            return
        stored = self._pilot.params.set(message.param_id, message.param_value)
        if stored is not None:
            self._telemetry.send_parameter(stored)

    def _data_stream(self, message: Message) -> None:
        rate_hz = message.req_message_rate if message.start_stop else 0
        self._telemetry.set_group(message.req_stream_id, rate_hz)


def _result(*, done: bool) -> int:
    return ACCEPTED if done else FAILED


def _message_name(number: int) -> str:
    known = mavlink.mavlink_map.get(number)
    return "" if known is None else str(known.msgname)
