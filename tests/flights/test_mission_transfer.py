"""The mission protocol against an autopilot that loses messages, and one that refuses."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flights.errors import TransferFailed
from flights.mission_items import Command, Frame, ListKind, MissionItem
from flights.mission_transfer import (
    ItemWanted,
    ListItem,
    ListLength,
    ListWanted,
    TransferEnded,
    TransferMessage,
    differing_item,
    download,
    upload,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


def waypoint(i: int) -> MissionItem:
    """Some item."""
    return MissionItem(
        command=Command.WAYPOINT, frame=Frame.RELATIVE, lat_e7=303_195_000 + i, lon_e7=1_201_390_000, height_m=30.0
    )


class LossyLink:
    """An autopilot's side of the protocol, over a link that loses every message with some probability."""

    def __init__(self, *, loss: float = 0.0, seed: int = 0, bad_item: int | None = None) -> None:
        self.held: list[MissionItem] = []
        self._incoming: list[MissionItem] = []
        self._wanted = 0
        self._replies: deque[TransferMessage] = deque()
        self._loss, self._random, self._bad_item = loss, random.Random(seed), bad_item  # noqa: S311 - no secret

    def _reply(self, reply: TransferMessage) -> None:
        if self._random.random() >= self._loss:
            self._replies.append(reply)

    def send_transfer(self, _kind: ListKind, message: TransferMessage) -> None:
        """Answer as ArduPilot does, if the message arrives."""
        if self._random.random() < self._loss:
            return
        if isinstance(message, ListLength):
            self._incoming, self._wanted = [], message.count
            self._reply(ItemWanted(seq=0) if message.count else TransferEnded())
        elif isinstance(message, ListItem):
            self._take(message)
        elif isinstance(message, ListWanted):
            self._reply(ListLength(count=len(self.held)))
        elif isinstance(message, ItemWanted):
            self._reply(ListItem(seq=message.seq, item=self.held[message.seq]))

    def _take(self, message: ListItem) -> None:
        """Take an item, ask for the next; a repeated item is answered as ArduPilot does."""
        if message.seq == self._bad_item:
            self._reply(TransferEnded(result=5))
        elif message.seq == len(self._incoming) - 1 == self._wanted - 1:
            self._reply(TransferEnded())
        elif message.seq != len(self._incoming):
            self._reply(TransferEnded(result=13))
            self._reply(ItemWanted(seq=len(self._incoming)))
        else:
            self._incoming.append(message.item)
            if len(self._incoming) == self._wanted:
                self.held = list(self._incoming)
                self._reply(TransferEnded())
            else:
                self._reply(ItemWanted(seq=len(self._incoming)))

    def next_reply(self, _kind: ListKind, _timeout_s: float) -> TransferMessage | None:
        """The next one at once; None stands for the time having passed."""
        return self._replies.popleft() if self._replies else None

    def forget_replies(self) -> None:
        """Drop old ones."""
        self._replies.clear()


@settings(max_examples=60, deadline=None)
@given(count=st.integers(0, 40), loss=st.floats(0.0, 0.2), seed=st.integers(0, 10_000))
def test_a_list_arrives_whole_or_the_failure_is_named(count: int, loss: float, seed: int) -> None:
    """Whatever is lost on the way, an upload that ends well has put exactly the list there."""
    link = LossyLink(loss=loss, seed=seed)
    items = [waypoint(i) for i in range(count)]
    try:
        upload(link, ListKind.MISSION, items)
        held = download(link, ListKind.MISSION)
    except TransferFailed:
        assert loss > 0
        return
    assert list(held) == items
    assert differing_item(ListKind.MISSION, items, held) is None


@pytest.mark.parametrize("bad_item", [0, 3, 9])
def test_a_refused_item_fails_the_upload_wherever_it_is(bad_item: int) -> None:
    """First, middle or last: the error names result and item."""
    with pytest.raises(TransferFailed, match=f"MAV_MISSION_RESULT 5 after item {bad_item}"):
        upload(LossyLink(bad_item=bad_item), ListKind.FENCE, [waypoint(i) for i in range(10)])


def test_silence_ends_in_an_error() -> None:
    """A dead link does not hang an upload or a download."""
    with pytest.raises(TransferFailed, match="no reply"):
        upload(LossyLink(loss=1.0), ListKind.MISSION, [waypoint(0)])
    with pytest.raises(TransferFailed, match="no reply"):
        download(LossyLink(loss=1.0), ListKind.MISSION)


def difference(change: dict[str, object], seq: int = 2) -> int | None:
    """Where a list with one changed item differs."""
    sent = [waypoint(i) for i in range(4)]
    held = [replace(item, **change) if i == seq else item for i, item in enumerate(sent)]  # type: ignore[arg-type]  # table
    return differing_item(ListKind.MISSION, sent, held)


def test_equality_is_what_the_autopilot_can_store() -> None:
    """A centimetre of height and the twin of a frame are the same; 1e-7 of a degree is not; home is the autopilot's."""
    assert difference({"height_m": 30.004}) is None
    assert difference({"frame": 6}) is None
    assert difference({"lat_e7": 303_195_003}) == 2
    assert difference({"height_m": 30.05}) == 2
    assert difference({"params": (1.0, 0.0, 0.0, 0.0)}) == 2
    assert difference({"lat_e7": 0}, seq=0) is None


def test_a_missing_item_is_a_difference() -> None:
    """Shorter and longer lists differ at the first extra item."""
    sent: Sequence[MissionItem] = [waypoint(i) for i in range(4)]
    assert differing_item(ListKind.MISSION, sent, sent[:3]) == 3
    assert differing_item(ListKind.FENCE, sent[:2], sent) == 2
