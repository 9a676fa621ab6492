"""Manoeuvres flown by the point-mass quadcopter."""

from __future__ import annotations

import math

import pytest

from flights.simulator.dynamics import Motion, step
from flights.simulator.guidance import Climb, FlyLeg, Hold, Land, Manoeuvre, Speeds, come_home

SPEEDS = Speeds(cruise_m_s=8, climb_m_s=2.5, descend_m_s=1.5, land_m_s=0.5)
WIND_M_S = (4.0, -3.0)


def fly(manoeuvre: Manoeuvre, motion: Motion, seconds: float) -> list[Motion]:
    """The motions until the manoeuvre is done, or the time is over."""
    track = [motion]
    for _ in range(round(seconds / 0.02)):
        track.append(step(track[-1], manoeuvre.fly(track[-1], SPEEDS, 0.02), WIND_M_S, 0.02))
        if manoeuvre.done:
            break
    return track


def test_a_leg_is_flown_along_its_line() -> None:
    """In a cross wind it stays within a metre of the line, faces along it and ends at the point."""
    leg = FlyLeg(end_m=(120, 160, 40))
    track = fly(leg, Motion(enu_m=(0, 0, 30)), 60)
    assert leg.done
    assert math.dist(track[-1].enu_m, leg.end_m) < 2.5
    assert max(abs(m.enu_m[0] * 0.8 - m.enu_m[1] * 0.6) for m in track) < 1
    assert max(m.ground_speed_m_s for m in track) < 8.3
    assert track[-1].yaw_deg == pytest.approx(math.degrees(math.atan2(120, 160)), abs=2)


def test_a_steep_leg_is_slowed_to_its_climb() -> None:
    """The line is kept in height too, so a steep leg is flown slowly."""
    leg = FlyLeg(end_m=(0, 20, 60))
    track = fly(leg, Motion(enu_m=(0, 0, 20)), 60)
    assert leg.done
    assert max(m.velocity_m_s[2] for m in track) < 2.8


def test_a_leg_of_no_length_is_a_climb() -> None:
    """A waypoint straight above is reached, too."""
    leg = FlyLeg(end_m=(0, 0, 25))
    fly(leg, Motion(enu_m=(0, 0, 10)), 30)
    assert leg.done


def test_climb_keeps_over_its_start() -> None:
    """A climb in wind drifts less than a metre."""
    track = fly(Climb(up_m=20), Motion(enu_m=(5, 5, 1)), 30)
    assert track[-1].enu_m[2] > 19
    assert max(math.hypot(m.enu_m[0] - 5, m.enu_m[1] - 5) for m in track) < 1


def test_hold_brakes_and_then_stays() -> None:
    """Holding begins where it came to a stop, and ends after its time."""
    hold = Hold(for_s=20)
    track = fly(hold, Motion(enu_m=(0, 0, 30), velocity_m_s=(8, 0, 0)), 30)
    assert hold.done
    assert track[-1].ground_speed_m_s < 0.3
    assert 10 < track[-1].enu_m[0] < 30


def test_landing_slows_near_the_ground() -> None:
    """The last ten metres go at landing speed."""
    track = fly(Land(), Motion(enu_m=(0, 0, 20)), 60)
    assert track[-1].enu_m[2] == 0
    low = [m.velocity_m_s[2] for m in track if 0.5 < m.enu_m[2] < 8]
    assert min(low) > -0.6


def test_coming_home_climbs_first_and_lands_at_home() -> None:
    """The order is climb, over home, wait, down."""
    home = come_home(Motion(enu_m=(60, 0, 5)), (0, 0, 0), height_m=15, loiter_s=2)
    track = fly(home, Motion(enu_m=(60, 0, 5)), 90)
    away = [m.enu_m[2] for m in track if m.enu_m[0] < 55 and m.enu_m[0] > 5]
    assert min(away) > 13.5
    assert math.hypot(*track[-1].enu_m[:2]) < 1
    assert track[-1].enu_m[2] == 0
