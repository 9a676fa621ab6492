"""The mission protocol on the autopilot's side: upload, download and clear, for mission, fence and rally lists.

It asks with MISSION_REQUEST and takes MISSION_ITEM and MISSION_ITEM_INT, as ArduPilot does; it answers a download with
the kind that was asked for. A mission is written item by item, so a broken upload leaves a mixture; a fence is replaced
only as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flights.simulator.mission_store import (
    CAPACITY,
    MissionStore,
    StoredItem,
    StoreKind,
    as_stored,
    judge_fence,
    judge_item,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from flights.simulator.wire import Message

REPEAT_S = 1.0
GIVE_UP_S = 8.0  # Source: ArduPilot MissionItemProtocol, upload_timeout_ms


@dataclass(slots=True, kw_only=True)
class _Upload:
    kind: StoreKind
    count: int
    client: tuple[int, int]
    asked_s: float
    heard_s: float
    expected: int = 0
    received: list[StoredItem] = field(default_factory=list)


def item_from(message: Message) -> StoredItem:
    """The item in a MISSION_ITEM or MISSION_ITEM_INT."""
    scale = 1 if message.get_type() == "MISSION_ITEM_INT" else 1e7
    return StoredItem(
        seq=int(message.seq), frame=int(message.frame), command=int(message.command),
        params=(float(message.param1), float(message.param2), float(message.param3), float(message.param4)),
        x=round(message.x * scale) if abs(message.x) < 1e10 else 2**31 - 1,
        y=round(message.y * scale) if abs(message.y) < 1e10 else 2**31 - 1,
        z=float(message.z),
    )  # fmt: skip


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
        """Answer one MISSION_* message of the client."""
        client = (int(message.get_srcSystem()), int(message.get_srcComponent()))
        name = message.get_type()
        if name == "MISSION_ACK":
            return
        if name == "MISSION_CLEAR_ALL" and message.mission_type == mavlink.MAV_MISSION_TYPE_ALL:
            for kind in StoreKind:
                self._clear(kind, running=running)
            self._ack(client, StoreKind.MISSION, mavlink.MAV_MISSION_ACCEPTED)
            return
        try:
            kind = StoreKind(getattr(message, "mission_type", 0))
        except ValueError:
            self._ack(client, message.mission_type, mavlink.MAV_MISSION_UNSUPPORTED)
            return
        if name in {"MISSION_ITEM", "MISSION_ITEM_INT"}:
            self._take(item_from(message), kind, client, now_s)
        elif name in {"MISSION_COUNT", "MISSION_WRITE_PARTIAL_LIST"}:
            self._begin(message, kind, client, now_s)
        elif name == "MISSION_CLEAR_ALL":
            self._ack(client, kind, self._clear(kind, running=running))
        elif name == "MISSION_REQUEST_LIST":
            self._send(mavlink.MAVLink_mission_count_message(*client, len(self._store.items(kind)), kind))
        else:
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

    def _clear(self, kind: StoreKind, *, running: bool) -> int:
        if kind is StoreKind.MISSION and running:
            return int(mavlink.MAV_MISSION_ERROR)
        self._upload = None
        self._store.clear(kind)
        self._on_fence()
        return int(mavlink.MAV_MISSION_ACCEPTED)

    def _begin(self, message: Message, kind: StoreKind, client: tuple[int, int], now_s: float) -> None:
        if message.get_type() == "MISSION_WRITE_PARTIAL_LIST":
            self._ack(client, kind, mavlink.MAV_MISSION_UNSUPPORTED)
        elif self._upload is not None and self._upload.client != client:
            self._ack(client, kind, mavlink.MAV_MISSION_ERROR)
        elif message.count > CAPACITY[kind]:
            self._ack(client, kind, mavlink.MAV_MISSION_NO_SPACE)
        elif message.count == 0:
            self._upload = None
            self._store.clear(kind)
            self._on_fence()
            self._ack(client, kind, mavlink.MAV_MISSION_ACCEPTED)
        else:
            if kind is not StoreKind.FENCE:
                self._store.truncate(kind, message.count)
            self._upload = _Upload(kind=kind, count=message.count, client=client, asked_s=now_s, heard_s=now_s)
            self._ask(self._upload, now_s)

    def _ask(self, upload: _Upload, now_s: float) -> None:
        upload.asked_s = now_s
        self._send(mavlink.MAVLink_mission_request_message(*upload.client, upload.expected, upload.kind))

    def _take(self, item: StoredItem, kind: StoreKind, client: tuple[int, int], now_s: float) -> None:
        upload = self._upload
        if upload is None or upload.kind is not kind:
            self._ack(client, kind, mavlink.MAV_MISSION_ERROR)
            return
        if item.seq != upload.expected:
            self._ack(client, kind, mavlink.MAV_MISSION_INVALID_SEQUENCE)
            return
        last = upload.expected == upload.count - 1
        result = judge_item(item, kind)
        if self.broken and last:
            result = int(mavlink.MAV_MISSION_ERROR)
        if result != mavlink.MAV_MISSION_ACCEPTED:
            self._upload = None
            self._ack(client, kind, result)
            return
        upload.received.append(item)
        upload.expected, upload.heard_s = item.seq + 1, now_s
        if kind is not StoreKind.FENCE:
            self._store.put(kind, as_stored(item, kind))
        if last:
            self._finish(upload)
        else:
            self._ask(upload, now_s)

    def _finish(self, upload: _Upload) -> None:
        self._upload = None
        result = int(mavlink.MAV_MISSION_ACCEPTED)
        if upload.kind is StoreKind.FENCE:
            result = judge_fence(upload.received)
            if result == mavlink.MAV_MISSION_ACCEPTED:
                self._store.clear(StoreKind.FENCE)
                for item in upload.received:
                    self._store.put(StoreKind.FENCE, as_stored(item, StoreKind.FENCE))
                self._on_fence()
        self._ack(upload.client, upload.kind, result)

    def _answer_item(self, message: Message, kind: StoreKind, client: tuple[int, int]) -> None:
        items = self._store.items(kind)
        if message.seq >= len(items):
            self._ack(client, kind, mavlink.MAV_MISSION_INVALID_SEQUENCE)
            return
        item = items[message.seq]
        head = (*client, item.seq, item.frame, item.command, 0, 1, *item.params)
        if message.get_type() == "MISSION_REQUEST_INT":
            self._send(mavlink.MAVLink_mission_item_int_message(*head, item.x, item.y, item.z, kind))
        else:
            self._send(mavlink.MAVLink_mission_item_message(*head, item.x / 1e7, item.y / 1e7, item.z, kind))

    def _ack(self, client: tuple[int, int], kind: int, result: int) -> None:
        self._send(mavlink.MAVLink_mission_ack_message(*client, result, kind))
