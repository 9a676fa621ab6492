"""The mission protocol on the autopilot's side: upload, download and clear, for mission, fence and rally lists.

It asks with MISSION_REQUEST and takes MISSION_ITEM and MISSION_ITEM_INT, as ArduPilot does; it answers a download with
the kind that was asked for. A mission is written item by item, so a broken upload leaves a mixture; a fence is replaced
only as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flights.mission_items import ListKind, MissionItem
from flights.simulator.mission_store import CAPACITY, judge_fence, judge_item

if TYPE_CHECKING:
    from collections.abc import Callable

    from flights.simulator.mission_store import MissionStore
    from flights.simulator.wire import Message

    Client = tuple[int, int]

REPEAT_S = 1.0
GIVE_UP_S = 8.0  # Source: ArduPilot MissionItemProtocol, upload_timeout_ms
ACCEPTED = int(mavlink.MAV_MISSION_ACCEPTED)


@dataclass(slots=True, kw_only=True)
class _Upload:
    kind: ListKind
    count: int
    client: Client
    asked_s: float
    heard_s: float
    received: list[MissionItem] = field(default_factory=list)


def item_from(message: Message) -> MissionItem:
    """The item in a MISSION_ITEM or MISSION_ITEM_INT."""
    scale = 1e7 if message.get_type() == "MISSION_ITEM" else 1
    lat_e7, lon_e7 = (round(value * scale) if abs(value) < 1e10 else 2**31 - 1 for value in (message.x, message.y))
    params = (float(message.param1), float(message.param2), float(message.param3), float(message.param4))
    return MissionItem(
        command=message.command, frame=message.frame, params=params, lat_e7=lat_e7, lon_e7=lon_e7, height_m=message.z
    )


class MissionProtocol:
    """One upload at a time; downloads are stateless.

    Attributes:
        broken: a fault: every upload ends in an error ACK and nothing of its last item is stored.
    """

    def __init__(self, store: MissionStore, *, send: Callable[[Message], None], on_fence: Callable[[], None]) -> None:
        self._store, self._send, self._on_fence = store, send, on_fence
        self._upload: _Upload | None = None
        self.broken = False

    def handle(self, message: Message, *, now_s: float, running: bool) -> None:
        """Answer one MISSION_* message of the client; `running`: a mission is being flown."""
        client = (int(message.get_srcSystem()), int(message.get_srcComponent()))
        name, number = message.get_type(), getattr(message, "mission_type", 0)
        if name == "MISSION_CLEAR_ALL" and number == mavlink.MAV_MISSION_TYPE_ALL:
            for each in ListKind:
                self._clear(each, running=running)
            self._ack(client, ListKind.MISSION, ACCEPTED)
            return
        if number not in set(ListKind):
            self._ack(client, number, mavlink.MAV_MISSION_UNSUPPORTED)
            return
        kind = ListKind(number)
        if name in {"MISSION_ITEM", "MISSION_ITEM_INT"}:
            self._take(message, kind, client, now_s)
        elif name == "MISSION_COUNT":
            self._begin(message.count, kind, client, now_s)
        elif name == "MISSION_CLEAR_ALL":
            self._ack(client, kind, self._clear(kind, running=running))
        elif name == "MISSION_REQUEST_LIST":
            self._send(mavlink.MAVLink_mission_count_message(*client, len(self._store.items(kind)), kind))
        elif name in {"MISSION_REQUEST", "MISSION_REQUEST_INT"}:
            self._answer_item(message, kind, client)

    def step(self, now_s: float) -> None:
        """Ask again for an item that did not come; give up after a while."""
        upload = self._upload
        if upload is None:
            return
        if now_s - upload.heard_s > GIVE_UP_S:
            self._upload = None
            self._ack(upload.client, upload.kind, mavlink.MAV_MISSION_OPERATION_CANCELLED)
        elif now_s - upload.asked_s > REPEAT_S:
            self._ask(upload, now_s)

    def _clear(self, kind: ListKind, *, running: bool) -> int:
        if kind is ListKind.MISSION and running:
            return int(mavlink.MAV_MISSION_ERROR)
        self._upload = None
        self._store.truncate(kind, 0)
        self._on_fence()
        return ACCEPTED

    def _begin(self, count: int, kind: ListKind, client: Client, now_s: float) -> None:
        if self._upload is not None and self._upload.client != client:
            self._ack(client, kind, mavlink.MAV_MISSION_ERROR)
        elif count > CAPACITY[kind]:
            self._ack(client, kind, mavlink.MAV_MISSION_NO_SPACE)
        elif count == 0:
            self._ack(client, kind, self._clear(kind, running=False))
        else:
            if kind is not ListKind.FENCE:
                self._store.truncate(kind, count)
            self._upload = _Upload(kind=kind, count=count, client=client, asked_s=now_s, heard_s=now_s)
            self._ask(self._upload, now_s)

    def _ask(self, upload: _Upload, now_s: float) -> None:
        upload.asked_s = now_s
        self._send(mavlink.MAVLink_mission_request_message(*upload.client, len(upload.received), upload.kind))

    def _take(self, message: Message, kind: ListKind, client: Client, now_s: float) -> None:
        upload, item = self._upload, item_from(message)
        if upload is None or upload.kind is not kind:
            self._ack(client, kind, mavlink.MAV_MISSION_ERROR)
            return
        if message.seq != len(upload.received):
            self._ack(client, kind, mavlink.MAV_MISSION_INVALID_SEQUENCE)
            return
        last = message.seq == upload.count - 1
        result = int(mavlink.MAV_MISSION_ERROR) if self.broken and last else judge_item(item, kind)
        if result != ACCEPTED:
            self._upload = None
            self._ack(client, kind, result)
            return
        upload.received.append(item)
        upload.heard_s = now_s
        if kind is not ListKind.FENCE:
            self._store.put(kind, message.seq, item)
        if last:
            self._finish(upload)
        else:
            self._ask(upload, now_s)

    def _finish(self, upload: _Upload) -> None:
        self._upload = None
        result = judge_fence(upload.received) if upload.kind is ListKind.FENCE else ACCEPTED
        if upload.kind is ListKind.FENCE and result == ACCEPTED:
            self._store.truncate(ListKind.FENCE, 0)
            for seq, item in enumerate(upload.received):
                self._store.put(ListKind.FENCE, seq, item)
            self._on_fence()
        self._ack(upload.client, upload.kind, result)

    def _answer_item(self, message: Message, kind: ListKind, client: Client) -> None:
        items = self._store.items(kind)
        if message.seq >= len(items):
            self._ack(client, kind, mavlink.MAV_MISSION_INVALID_SEQUENCE)
            return
        item = items[message.seq]
        head = (*client, message.seq, item.frame, item.command, 0, 1, *item.params)
        if message.get_type() == "MISSION_REQUEST_INT":
            self._send(mavlink.MAVLink_mission_item_int_message(*head, item.lat_e7, item.lon_e7, item.height_m, kind))
        else:
            place = (item.lat_e7 / 1e7, item.lon_e7 / 1e7, item.height_m)
            self._send(mavlink.MAVLink_mission_item_message(*head, *place, kind))

    def _ack(self, client: Client, kind: int, result: int) -> None:
        self._send(mavlink.MAVLink_mission_ack_message(*client, result, kind))
