"""The mission protocol on our side: upload with its ACK checked, download, and equality of both.

One transfer at a time on a link: replies carry a list kind, but an autopilot keeps only one upload open.
Source: MAVLink mission protocol; the client only answers requests and repeats its last message when nothing comes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from flights.errors import TransferFailed
from flights.mission_items import ListKind, MissionItem

if TYPE_CHECKING:
    from collections.abc import Sequence

REPLY_S = 1.5  # Source: MAVLink mission protocol, recommended timeout
REPEATS = 5  # Source: MAVLink mission protocol, recommended number of retries
ACCEPTED = 0
INVALID_SEQUENCE = 13  # answers a repeated item; the transfer goes on


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLength:
    """MISSION_COUNT: begins an upload, or answers `ListWanted`."""

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListWanted:
    """MISSION_REQUEST_LIST: begins a download."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemWanted:
    """MISSION_REQUEST_INT, or MISSION_REQUEST from an autopilot."""

    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListItem:
    """MISSION_ITEM_INT."""

    seq: int
    item: MissionItem


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferEnded:
    """MISSION_ACK; `result` is a MAV_MISSION_RESULT."""

    result: int = ACCEPTED


TransferMessage = ListLength | ListWanted | ItemWanted | ListItem | TransferEnded


class MissionLink(Protocol):
    """What a transfer needs of a link."""

    def send_transfer(self, kind: ListKind, message: TransferMessage) -> None:
        """Send one message about a list."""

    def next_reply(self, kind: ListKind, timeout_s: float) -> TransferMessage | None:
        """The autopilot's next message about this list, or None after the time has passed."""

    def forget_replies(self) -> None:
        """Drop what is left over from an earlier transfer."""


def upload(link: MissionLink, kind: ListKind, items: Sequence[MissionItem]) -> None:
    """Send a list and wait for the autopilot's ACK.

    When the last item had to be repeated, an error may only mean that the ACK before it was lost: the caller reads the
    list back in any case, and that decides.

    Raises:
        TransferFailed: refused, or nothing was heard in spite of repeats.
    """
    link.forget_replies()
    sent: ListLength | ListItem = ListLength(count=len(items))
    link.send_transfer(kind, sent)
    last_seq: int | None = None
    silent = 0
    while silent <= REPEATS:
        reply = link.next_reply(kind, REPLY_S)
        if isinstance(reply, ItemWanted) and reply.seq < len(items):
            silent, last_seq = 0, reply.seq
            sent = ListItem(seq=reply.seq, item=items[reply.seq])
            link.send_transfer(kind, sent)
        elif isinstance(reply, TransferEnded) and reply.result != INVALID_SEQUENCE:
            whole = not items or last_seq == len(items) - 1
            if whole and (reply.result == ACCEPTED or silent):
                return
            raise TransferFailed(
                f"{kind.name.lower()} upload of {len(items)} items: ended with MAV_MISSION_RESULT {reply.result} "
                f"after item {last_seq}. Correct that item and upload again."
            )
        elif reply is None:
            silent += 1
            link.send_transfer(kind, sent)
    raise TransferFailed(
        f"{kind.name.lower()} upload: no reply after item {last_seq}. Check the link and upload again."
    )


def download(link: MissionLink, kind: ListKind) -> tuple[MissionItem, ...]:
    """Fetch a list.

    Raises:
        TransferFailed: nothing was heard in spite of repeats.
    """
    link.forget_replies()
    link.send_transfer(kind, ListWanted())
    count: int | None = None
    held: list[MissionItem] = []
    silent = 0
    while count is None or len(held) < count:
        reply = link.next_reply(kind, REPLY_S)
        if isinstance(reply, ListLength) and count is None:
            silent, count = 0, reply.count
        elif isinstance(reply, ListItem) and reply.seq == len(held):
            silent = 0
            held.append(reply.item)
        elif reply is None:
            silent += 1
        elif isinstance(reply, TransferEnded):
            raise TransferFailed(f"{kind.name.lower()} download: ended with MAV_MISSION_RESULT {reply.result}.")
        else:
            continue
        if silent > REPEATS:
            raise TransferFailed(f"{kind.name.lower()} download: no reply after item {len(held)}. Check the link.")
        if count is None:
            link.send_transfer(kind, ListWanted())
        elif len(held) < count:
            link.send_transfer(kind, ItemWanted(seq=len(held)))
    link.send_transfer(kind, TransferEnded())
    return tuple(held)


def differing_item(kind: ListKind, sent: Sequence[MissionItem], held: Sequence[MissionItem]) -> int | None:
    """The first index at which two lists differ, or None. Item 0 of a mission is the autopilot's own home."""
    first = 1 if kind is ListKind.MISSION else 0
    for seq in range(first, max(len(sent), len(held))):
        if seq >= min(len(sent), len(held)) or not sent[seq].matches(held[seq]):
            return seq
    return None
