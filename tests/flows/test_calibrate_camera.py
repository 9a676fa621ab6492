"""`offsite calibrate camera`: from a file of pairs to a camera file, or one clear line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from flows.cli import main
from geofences.projection import project
from pipeline.scene.cameras import city_eyes
from pipeline.scene.world import build_world
from pipeline.sources.camera_file import CameraEntry
from pipeline.toml_file import read_toml

if TYPE_CHECKING:
    from pathlib import Path

WORLD = build_world(7, start_s=1_793_584_800.0)
EYE = city_eyes(WORLD)[0]
# Metres to the right of where the street camera looks, ahead of it, and above the ground.
MARKS_M = [(-4, 9, 0), (5, 10, 0), (0, 18, 1), (-12, 30, 0), (13, 32, 2), (1, 9, 0)]


def write_pairs(path: Path, *, count: int = 6) -> Path:
    """Pairs that the demonstration's first street camera sees, marked to a pixel."""
    yaw = np.radians(EYE.pose.gimbal.yaw_deg)
    ahead, right = np.array([np.sin(yaw), np.cos(yaw), 0]), np.array([np.cos(yaw), -np.sin(yaw), 0])
    eye_m = WORLD.frame.enu_from_geodetic(EYE.pose.position) * (1, 1, 0)
    enu_m = np.array(
        [eye_m + right * across + ahead * along + (0, 0, up) for across, along, up in MARKS_M[:count]]
    ).reshape(-1, 3)
    xy_px = project(EYE.camera, WORLD.frame, EYE.pose, enu_m).xy_px.round()
    lines = ['id = "eye-01"', 'name = "pole"', "sigma_px = 0.5", "sigma_m = 0.02", f"geoid_separation_m = {9.0}"]
    lines.append("lens = { width_px = 1280, height_px = 720 }")
    for number, ((lat, lon, alt), (x, y)) in enumerate(zip(WORLD.frame.geodetics_from_enu(enu_m), xy_px, strict=True)):
        lines += ["[[pair]]", f'name = "mark {number + 1}"', f"xy_px = [{x}, {y}]"]
        lines += [f"lat_deg = {lat:.9f}", f"lon_deg = {lon:.9f}", f"height_m = {alt - 9:.3f}"]
    path.write_text("\n".join(lines))
    return path


def test_pairs_give_a_camera_file_and_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Place, attitude and lens come out; every pair's miss is shown; the picture has arrows on it."""
    pairs, still, out = write_pairs(tmp_path / "pairs.toml"), tmp_path / "still.png", tmp_path / "eye.toml"
    cv2.imwrite(str(still), np.zeros((720, 1280, 3), np.uint8))
    with pytest.raises(SystemExit) as ended:
        main(["calibrate", "camera", str(pairs), "--still", str(still), "--out", str(out)])
    assert not ended.value.code
    entry = read_toml(CameraEntry, out)
    assert entry.mounting is not None
    assert entry.lens.focal_px == pytest.approx(EYE.camera.focal_px, rel=0.02)
    assert entry.mounting.yaw_deg == pytest.approx(EYE.pose.gimbal.yaw_deg, abs=0.3)
    found_m = WORLD.frame.enu_from_geodetic(entry.mounting.pose_at(0.0).position)
    assert found_m == pytest.approx(WORLD.frame.enu_from_geodetic(EYE.pose.position), abs=0.3)
    assert "mark 6" in capsys.readouterr().out
    assert cv2.imread(str(tmp_path / "pairs.png")).any()


@pytest.mark.parametrize(
    ("count", "extra", "said"),
    [
        (5, (), "pairs.toml: pair: 5 pairs are too few: 6 are needed without hfov_deg or focal_px"),
        (0, (), "pairs.toml: pair: there is none"),
        (6, ("--still", "missing.png"), "missing.png: picture: is no picture"),
    ],
)
def test_what_cannot_place_it_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], count: int, extra: tuple[str, ...], said: str
) -> None:
    """File, field and remedy, exit code 2."""
    with pytest.raises(SystemExit) as ended:
        main(["calibrate", "camera", str(write_pairs(tmp_path / "pairs.toml", count=count)), *extra])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
