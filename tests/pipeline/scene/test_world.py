"""Worlds are what their seed says, and what is planted is decided clearly by where it stands."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely

from pipeline.scene.world import World, build_world
from pipeline.scene.zones import permits_of, zones_of

if TYPE_CHECKING:
    from geofences.position import Geodetic
    from geofences.zone import Permit, Zone

START_S = 1.79e9
KIND_OF_CLASS = {
    "dust": "construction_site",
    "traffic_cone": "road",
    "illegal_signage": "signage_control",
    "cooking_fumes": "catering_control",
}
OFFENCE_MARGIN_M = 3.5
LAWFUL_MARGIN_M = 4.0


def depth_m(world: World, at: Geodetic, region: Zone | Permit) -> float:
    """How far inside an outline a position lies; negative outside."""
    rings = shapely.get_coordinates(region.outline)
    enu = world.frame.enu_from_geodetics(np.column_stack((rings[:, 1], rings[:, 0], np.full(len(rings), 15.0))))
    polygon, point = shapely.Polygon(enu[:, :2]), shapely.Point(world.frame.enu_from_geodetic(at)[:2])
    distance = float(polygon.exterior.distance(point))
    return distance if polygon.contains(point) else -distance


def judge(world: World, at: Geodetic, class_name: str, margin_m: float) -> str:
    """What an honest rule says of a class at a place: offence, a drop reason, or unclear within the margin."""
    held = [z for z in zones_of(world) if z.kind == KIND_OF_CLASS[class_name]]
    depths = [depth_m(world, at, z) for z in held]
    permits = [depth_m(world, at, p) for p in permits_of(world) if p.allows == class_name and p.valid_at(START_S)]
    if any(abs(d) < margin_m for d in depths + permits):
        return "unclear"
    inside = [z for z, d in zip(held, depths, strict=True) if d > 0]
    if not inside:
        return "outside_zone"
    if any(d > 0 for d in permits):
        return "permit_valid"
    return "offence" if any(z.in_force(START_S) for z in inside) else "outside_schedule"


@pytest.mark.parametrize("seed", range(30))
def test_every_part_of_every_planted_thing_is_decided_by_its_margin(seed: int) -> None:
    """An error ellipse of a few metres cannot change what is right to say about a planted thing."""
    world = build_world(seed, start_s=START_S)
    for planted in world.planted:
        margin_m = LAWFUL_MARGIN_M if planted.lawful else OFFENCE_MARGIN_M
        for part in planted.parts:
            assert judge(world, part, planted.class_name, margin_m) == (planted.expected_reason or "offence")
    for one, other in itertools.combinations(world.planted, 2):
        if one.class_name == other.class_name:
            apart = world.frame.enu_from_geodetic(one.position) - world.frame.enu_from_geodetic(other.position)
            assert math.hypot(*apart[:2]) > 12


def test_a_world_holds_six_offences_and_a_look_alike_of_every_class(world: World) -> None:
    """All four classes are offended against, all are imitated, and every drop reason is wanted."""
    offences = [p.class_name for p in world.planted if not p.lawful]
    assert sorted(offences) == [
        "cooking_fumes", "dust", "illegal_signage", "illegal_signage", "traffic_cone", "traffic_cone",
    ]  # fmt: skip
    assert {p.class_name for p in world.planted if p.lawful} == set(offences)
    reasons = {p.expected_reason for p in world.planted if p.lawful}
    assert reasons == {"permit_valid", "outside_zone", "outside_schedule"}


def test_a_seed_decides_its_world(world: World) -> None:
    """The same seed plants the same, another seed something else."""
    assert build_world(7, start_s=START_S).planted == world.planted
    assert build_world(8, start_s=START_S).planted != world.planted


@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_the_food_court_is_out_of_schedule_whenever_the_patrol_starts(hour: int) -> None:
    """For five hours from any start the evening zone is not in force, and some time in the day it is."""
    start_s = START_S + 3600 * hour
    court = next(z for z in zones_of(build_world(7, start_s=start_s)) if z.zone_id == "catering-court")
    assert not any(court.in_force(start_s + 600 * i) for i in range(31))
    assert any(court.in_force(start_s + 600 * i) for i in range(144))
