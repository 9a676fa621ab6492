"""The motion gate."""

from __future__ import annotations

import numpy as np

from detectors.change_gate import GRID_PX, ChangeGate, LookReason, luma_grid


def street(brightness: int = 90) -> np.ndarray:
    """A 720p frame with some texture."""
    frame = np.full((720, 1280, 3), brightness, np.uint8)
    frame[300:400, 200:900] += 40
    return frame


def test_the_first_frame_is_looked_at() -> None:
    """There is nothing to compare with yet."""
    assert ChangeGate().judge(street(), 0.0) is LookReason.FIRST


def test_a_still_scene_waits_its_turn() -> None:
    """Nothing moves: no look until the longest wait is over, and then again."""
    gate = ChangeGate(longest_wait_s=5.0)
    reasons = [gate.judge(street(), float(s)) for s in range(11)]
    assert [s for s, reason in enumerate(reasons) if reason] == [0, 5, 10]
    assert reasons[5] is LookReason.WAITED


def test_a_moving_object_is_looked_at() -> None:
    """A car-sized patch that appears is a change."""
    gate = ChangeGate()
    gate.judge(street(), 0.0)
    moved = street()
    moved[500:580, 600:760] = 220
    assert gate.judge(moved, 1.0) is LookReason.CHANGED


def test_a_cloud_is_no_motion() -> None:
    """Brightness that changes everywhere alike does not count."""
    gate = ChangeGate()
    gate.judge(street(90), 0.0)
    assert gate.judge(street(120), 1.0) is None


def test_sensor_noise_is_no_motion() -> None:
    """Noise of a few grey levels stays below the step."""
    rng = np.random.default_rng(3)
    gate = ChangeGate()
    gate.judge(street(), 0.0)
    noisy = (street().astype(int) + rng.integers(-6, 7, (720, 1280, 3))).clip(0, 255).astype(np.uint8)
    assert gate.judge(noisy, 1.0) is None


def test_another_picture_size_starts_afresh() -> None:
    """A camera that changes its resolution is looked at instead of failing."""
    gate = ChangeGate()
    gate.judge(street(), 0.0)
    assert gate.judge(street()[:100, :333], 1.0) is LookReason.FIRST


def test_time_running_backwards_is_looked_at() -> None:
    """A clock set back never closes the gate."""
    gate = ChangeGate()
    gate.judge(street(), 1000.0)
    assert gate.judge(street(), 10.0) is LookReason.WAITED


def test_the_grid_stays_small() -> None:
    """The grid has at most about twice the intended cells, whatever the picture."""
    for height, width in ((1080, 1920), (720, 1280), (144, 176), (1, 1)):
        rows, columns = luma_grid(np.zeros((height, width, 3), np.uint8)).shape
        assert rows < 2 * GRID_PX[0]
        assert columns < 2 * GRID_PX[1]
