"""Sensor errors and wind."""

from __future__ import annotations

import random
import statistics

import pytest

from flights.simulator.dynamics import Motion
from flights.simulator.sensors import Sensors, Wind


def seeded(seed: int) -> random.Random:
    """A source of reproducible noise."""
    return random.Random(seed)  # noqa: S311 - noise, no secret


def test_position_errors_have_the_promised_size_and_are_slow() -> None:
    """Horizontal 0.4 m and vertical 0.5 m (1 sigma) over many runs; over one second hardly a change."""
    still = Motion(enu_m=(0, 0, 10))
    errors, changes = [], []
    for seed in range(300):
        sensors = Sensors(seeded(seed))
        before = sensors.believed(still).enu_m
        errors.append(before)
        sensors.step(1.0)
        changes.append(sensors.believed(still).enu_m[0] - before[0])
    assert statistics.pstdev(e[0] for e in errors) == pytest.approx(0.4, abs=0.05)
    assert statistics.pstdev(e[2] for e in errors) == pytest.approx(0.5, abs=0.06)
    assert statistics.pstdev(changes) < 0.1


def test_the_same_seed_gives_the_same_errors() -> None:
    """A run can be repeated."""
    one, two = (Sensors(seeded(5)).believed(Motion()) for _ in range(2))
    assert one == two


def test_reading_more_often_does_not_change_the_errors() -> None:
    """Wandering errors do not depend on what a client asks for."""
    read, unread = Sensors(seeded(5)), Sensors(seeded(5))
    for _ in range(50):
        read.angle(0.0)
        read.step(0.02)
        unread.step(0.02)
    assert read.believed(Motion()) == unread.believed(Motion())


def test_without_a_fix_the_believed_position_runs_away() -> None:
    """Dead reckoning is no position."""
    sensors = Sensors(seeded(1))
    sensors.gps_healthy = False
    for _ in range(1000):
        sensors.step(0.02)
    assert sensors.believed(Motion()).enu_m[0] > 5


def test_a_glitch_moves_the_receiver_only_and_ends() -> None:
    """The estimator rejects what the receiver alone sees."""
    sensors = Sensors(seeded(1))
    sensors.glitch((35.0, 0.0), 1.0)
    believed = sensors.believed(Motion())
    assert sensors.received(believed)[0] - believed.enu_m[0] > 30
    for _ in range(60):
        sensors.step(0.02)
    assert abs(sensors.received(believed)[0] - believed.enu_m[0]) < 1


def test_wind_blows_from_its_direction() -> None:
    """Wind from the west moves the air east; gusts average out."""
    wind = Wind(speed_m_s=10, from_deg=270, rng=seeded(3))
    blown = []
    for _ in range(5000):
        wind.step(0.1)
        blown.append(wind.velocity_m_s)
    assert statistics.mean(east for east, _ in blown) == pytest.approx(10, abs=0.5)
    assert statistics.mean(north for _, north in blown) == pytest.approx(0, abs=0.5)
