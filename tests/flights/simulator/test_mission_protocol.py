"""Uploads and downloads, message by message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pymavlink.dialects.v20 import ardupilotmega as mavlink

from flights.mission_items import ListKind
from flights.simulator.fence import EVERYWHERE
from flights.simulator.wire import Mode

if TYPE_CHECKING:
    from conftest import Bench

MISSION, FENCE, RALLY = 0, 1, 2


def item(
    seq: int, *, command: int = 16, kind: int = MISSION, p1: float = 0.0, z: float = 30.0, lat: int = 303195000
) -> Any:
    """A MISSION_ITEM_INT."""
    return mavlink.MAVLink_mission_item_int_message(1, 1, seq, 6, command, 0, 1, p1, 0, 0, 0, lat, 1201390000, z, kind)


def upload(bench: Bench, items: list[Any], kind: int = MISSION) -> int:
    """Run an upload as a careful client does; the result in the last ACK."""
    before = len(bench.all_of("MISSION_ACK"))
    bench.tell(mavlink.MAVLink_mission_count_message(1, 1, len(items), kind))
    while len(bench.all_of("MISSION_ACK")) == before:
        request = bench.all_of("MISSION_REQUEST")[-1]
        assert request.mission_type == kind
        bench.tell(items[request.seq])
    return int(bench.all_of("MISSION_ACK")[-1].type)


def test_upload_and_download_agree(bench: Bench) -> None:
    """What was accepted comes back, with the precision of the integer items."""
    assert upload(bench, [item(0), item(1, command=22), item(2, lat=303201234), item(3, command=20)]) == 0
    bench.tell(mavlink.MAVLink_mission_request_list_message(1, 1, MISSION))
    assert bench.all_of("MISSION_COUNT")[-1].count == 4
    bench.tell(mavlink.MAVLink_mission_request_int_message(1, 1, 2, MISSION))
    got = bench.all_of("MISSION_ITEM_INT")[-1]
    assert (got.seq, got.command, got.x, got.y, got.frame, got.z) == (2, 16, 303201234, 1201390000, 3, 30.0)
    bench.tell(mavlink.MAVLink_mission_request_message(1, 1, 2, MISSION))
    assert bench.all_of("MISSION_ITEM")[-1].x == pytest.approx(30.3201234, abs=1e-5)


def test_float_items_are_taken(bench: Bench) -> None:
    """A client that only knows MISSION_ITEM can upload."""
    old = [mavlink.MAVLink_mission_item_message(1, 1, i, 3, 16, 0, 1, 0, 0, 0, 0, 30.32, 120.139, 20) for i in range(2)]
    assert upload(bench, old) == 0
    assert bench.pilot.store.mission[1].lat_e7 == pytest.approx(303200000, abs=20)


def test_an_unsafe_plan_is_accepted(bench: Bench) -> None:
    """A waypoint kilometres outside the fence and one at 500 m: both fine for the autopilot."""
    bench.fence((5001, [(-100, -100), (100, -100), (100, 100), (-100, 100)]))
    assert upload(bench, [item(0), item(1, command=22), item(2, lat=304000000), item(3, z=500.0)]) == 0


@pytest.mark.parametrize("bad", [1, 3])
def test_a_bad_item_ends_the_upload_with_its_error(bench: Bench, bad: int) -> None:
    """The ACK names the fault, and what came before stays: the mission is a mixture now."""
    assert upload(bench, [item(i) for i in range(4)]) == 0
    items = [item(i, z=55.0) for i in range(4)]
    items[bad] = item(bad, command=4242)
    assert upload(bench, items) == mavlink.MAV_MISSION_UNSUPPORTED
    assert [stored.height_m for stored in bench.pilot.store.mission[1:]] == [55.0] * (bad - 1) + [30.0] * (4 - bad)
    bench.tell(items[0])
    assert bench.all_of("MISSION_ACK")[-1].type == mavlink.MAV_MISSION_ERROR


def test_a_wrong_sequence_number_is_refused_and_the_upload_goes_on(bench: Bench) -> None:
    """The expected item is still welcome."""
    bench.tell(mavlink.MAVLink_mission_count_message(1, 1, 2, MISSION))
    bench.tell(item(1))
    assert bench.all_of("MISSION_ACK")[-1].type == mavlink.MAV_MISSION_INVALID_SEQUENCE
    bench.tell(item(0))
    bench.tell(item(1))
    assert bench.all_of("MISSION_ACK")[-1].type == mavlink.MAV_MISSION_ACCEPTED


def test_it_asks_again_and_gives_up(bench: Bench) -> None:
    """Without an answer it repeats its request every second and cancels after eight."""
    bench.tell(mavlink.MAVLink_mission_count_message(1, 1, 2, MISSION))
    bench.run(5)
    assert [request.seq for request in bench.all_of("MISSION_REQUEST")] == [0] * 5
    bench.run(5)
    assert bench.all_of("MISSION_ACK")[-1].type == mavlink.MAV_MISSION_OPERATION_CANCELLED


def test_count_0_and_clear_empty_the_list(bench: Bench) -> None:
    """Both leave home alone, so a download has one item."""
    for empty in (
        mavlink.MAVLink_mission_count_message(1, 1, 0, MISSION),
        mavlink.MAVLink_mission_clear_all_message(1, 1, MISSION),
    ):
        assert upload(bench, [item(0), item(1)]) == 0
        bench.tell(empty)
        assert bench.all_of("MISSION_ACK")[-1].type == 0
        assert len(bench.pilot.store.mission) == 1


def test_a_running_mission_cannot_be_cleared(bench: Bench) -> None:
    """CLEAR_ALL in AUTO is answered with an error."""
    bench.airborne()
    bench.load((16, (), (0, 200, 20)))
    assert bench.pilot.set_mode(Mode.AUTO)
    bench.run(2)
    bench.tell(mavlink.MAVLink_mission_clear_all_message(1, 1, MISSION))
    assert bench.all_of("MISSION_ACK")[-1].type == mavlink.MAV_MISSION_ERROR
    assert len(bench.pilot.store.mission) == 2


def test_too_many_items_and_unknown_lists_are_refused(bench: Bench) -> None:
    """There is room for 724 items, and no mission type 77."""
    bench.tell(mavlink.MAVLink_mission_count_message(1, 1, 725, MISSION))
    assert bench.all_of("MISSION_ACK")[-1].type == mavlink.MAV_MISSION_NO_SPACE
    bench.tell(mavlink.MAVLink_mission_count_message(1, 1, 1, 77))
    assert bench.all_of("MISSION_ACK")[-1].type == mavlink.MAV_MISSION_UNSUPPORTED
    bench.tell(mavlink.MAVLink_mission_request_int_message(1, 1, 9, MISSION))
    assert bench.all_of("MISSION_ACK")[-1].type == mavlink.MAV_MISSION_INVALID_SEQUENCE


def test_a_fence_is_replaced_only_as_a_whole(bench: Bench) -> None:
    """A fence with missing corners leaves the old one in force; lists do not mix."""
    assert upload(bench, [item(i, command=5001, kind=FENCE, p1=3, lat=303195000 + i) for i in range(3)], FENCE) == 0
    assert upload(bench, [item(i, command=5001, kind=FENCE, p1=5) for i in range(4)], FENCE) == 6
    assert len(bench.pilot.store.items(ListKind.FENCE)) == 3
    assert bench.pilot.fence_ground is not EVERYWHERE
    assert upload(bench, [item(0, command=5100, kind=RALLY)], RALLY) == 0
    bench.tell(mavlink.MAVLink_mission_clear_all_message(1, 1, 255))
    assert all(not bench.pilot.store.items(kind) for kind in (ListKind.FENCE, ListKind.RALLY))
    assert bench.pilot.fence_ground is EVERYWHERE


def test_the_bad_ack_fault_refuses_every_upload(bench: Bench) -> None:
    """All items were asked for, and the last ACK is an error."""
    bench.commands.missions.broken = True
    assert upload(bench, [item(i) for i in range(3)]) == mavlink.MAV_MISSION_ERROR
