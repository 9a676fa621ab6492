"""What the client sends, and the answers: commands with COMMAND_ACK, parameters, goto, mission transfers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flights.simulator.mission_protocol import MissionProtocol, item_from
from flights.simulator.wire import Mode

if TYPE_CHECKING:
    from collections.abc import Callable

    from flights.simulator.autopilot import Autopilot
    from flights.simulator.telemetry import Telemetry
    from flights.simulator.wire import Message, Params

ACCEPTED = int(mavlink.MAV_RESULT_ACCEPTED)
FAILED = int(mavlink.MAV_RESULT_FAILED)
DENIED = int(mavlink.MAV_RESULT_DENIED)
UNSUPPORTED = int(mavlink.MAV_RESULT_UNSUPPORTED)


class Commands:
    """Handles every message of the client; unknown messages are ignored, unknown commands get UNSUPPORTED."""

    def __init__(self, pilot: Autopilot, telemetry: Telemetry) -> None:
        self._pilot, self._telemetry = pilot, telemetry
        self.missions = MissionProtocol(pilot.store, send=pilot.send, on_fence=pilot.fence_changed)
        self._messages: dict[str, Callable[[Message], None]] = {
            "HEARTBEAT": self._heartbeat, "COMMAND_LONG": self._command_long, "COMMAND_INT": self._command_int,
            "PARAM_REQUEST_LIST": self._param_list, "PARAM_REQUEST_READ": self._param_read,
            "PARAM_SET": self._param_set, "REQUEST_DATA_STREAM": self._data_stream,
            "MISSION_SET_CURRENT": self._set_current, "MOUNT_CONTROL": self._mount_control,
        }  # fmt: skip
        self._commands: dict[int, Callable[[Params], int]] = {
            mavlink.MAV_CMD_COMPONENT_ARM_DISARM: self._arm,
            mavlink.MAV_CMD_DO_SET_MODE: lambda p: self._mode(int(p[1])),
            mavlink.MAV_CMD_NAV_TAKEOFF: lambda p: _result(done=pilot.take_off(p[6])),
            mavlink.MAV_CMD_NAV_RETURN_TO_LAUNCH: lambda _: self._mode(Mode.RTL),
            mavlink.MAV_CMD_NAV_LAND: lambda _: self._mode(Mode.LAND),
            mavlink.MAV_CMD_MISSION_START: self._mission_start,
            mavlink.MAV_CMD_REQUEST_AUTOPILOT_CAPABILITIES: lambda _: _result(done=telemetry.send("AUTOPILOT_VERSION")),
            mavlink.MAV_CMD_SET_MESSAGE_INTERVAL: self._interval,
            mavlink.MAV_CMD_DO_MOUNT_CONFIGURE: lambda _: ACCEPTED,
            mavlink.MAV_CMD_DO_SET_ROI_NONE: lambda _: ACCEPTED,
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

    def _command_long(self, message: Message) -> None:
        params = tuple(float(getattr(message, f"param{i}")) for i in range(1, 8))
        handler = self._commands.get(message.command)
        result = handler(params) if handler else self._pilot.do(message.command, params)
        client = (message.get_srcSystem(), message.get_srcComponent())
        self._pilot.send(mavlink.MAVLink_command_ack_message(message.command, result, 0, 0, *client))

    def _command_int(self, message: Message) -> None:
        item = item_from(message)
        if message.command == mavlink.MAV_CMD_DO_REPOSITION:
            change_mode = int(message.param2) & mavlink.MAV_DO_REPOSITION_FLAGS_CHANGE_MODE
            result = DENIED
            if self._pilot.mode is Mode.GUIDED or (change_mode and self._pilot.set_mode(Mode.GUIDED)):
                result = _result(done=self._pilot.go_to(self._pilot.run.target(item)))
        elif message.command == mavlink.MAV_CMD_DO_SET_ROI_LOCATION:
            result = ACCEPTED
        else:
            result = UNSUPPORTED
        client = (message.get_srcSystem(), message.get_srcComponent())
        self._pilot.send(mavlink.MAVLink_command_ack_message(message.command, result, 0, 0, *client))

    def _arm(self, p: Params) -> int:
        if p[0] not in {0.0, 1.0}:
            return UNSUPPORTED
        return _result(done=self._pilot.arm() if p[0] else self._pilot.disarm())

    def _mode(self, number: int) -> int:
        if number not in set(Mode):
            self._pilot.say(mavlink.MAV_SEVERITY_WARNING, f"No such mode {number}")
            return FAILED
        return _result(done=self._pilot.set_mode(Mode(number)))

    def _mission_start(self, p: Params) -> int:
        return DENIED if p[0] or p[1] else _result(done=self._pilot.start_mission())

    def _interval(self, p: Params) -> int:
        message = mavlink.mavlink_map.get(int(p[0]))
        return _result(done=message is not None and self._telemetry.set_interval(message.msgname, p[1] / 1e6))

    def _guided_item(self, message: Message) -> None:
        done = message.current == 2 and self._pilot.go_to(self._pilot.run.target(item_from(message)))
        result = mavlink.MAV_MISSION_ACCEPTED if done else mavlink.MAV_MISSION_ERROR
        client = (message.get_srcSystem(), message.get_srcComponent())
        self._pilot.send(mavlink.MAVLink_mission_ack_message(*client, result, mavlink.MAV_MISSION_TYPE_MISSION))

    def _set_current(self, message: Message) -> None:
        if self._pilot.run.jump_to(message.seq):
            self._telemetry.send("MISSION_CURRENT")

    def _mount_control(self, message: Message) -> None:
        self._pilot.payload.command(mavlink.MAV_CMD_DO_MOUNT_CONTROL, (message.input_a / 100,))

    def _param_list(self, _message: Message) -> None:
        for index in range(len(self._pilot.params)):
            self._pilot.send(self._pilot.params.message(index))

    def _param_read(self, message: Message) -> None:
        params = self._pilot.params
        found = params.message(message.param_index) or params.message(message.param_id)
        if found is not None:
            self._pilot.send(found)

    def _param_set(self, message: Message) -> None:
        is_number = math.isfinite(message.param_value)
        if is_number and self._pilot.params.set(message.param_id, message.param_value):
            self._pilot.send(self._pilot.params.message(message.param_id))

    def _data_stream(self, message: Message) -> None:
        rate_hz = message.req_message_rate if message.start_stop else 0
        self._telemetry.set_group(message.req_stream_id, rate_hz)


def _result(*, done: bool) -> int:
    return ACCEPTED if done else FAILED
