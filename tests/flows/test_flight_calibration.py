"""`offsite calibrate flight` on photographs: a seat put in comes out, on a slope, and on Brighton; and on a clip."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

from flows.flight_calibration import calibrate_clip, calibrate_photographs, solve
from flows.recording import render_clip
from flows.site_folder import init_site
from geofences.adjustment import Ties
from geofences.attitude import Attitude
from geofences.camera import Camera
from geofences.local_frame import LocalFrame
from geofences.mount import Mount
from geofences.pose import Pose, PoseSigmas
from geofences.position import Geodetic
from geofences.projection import project
from pipeline.geotag.ground import Ground
from pipeline.scene.world import build_world
from pipeline.site import read_site
from pipeline.sources.camera_file import CameraEntry, Lens

BEACH = Path(__file__).resolve().parents[3] / "shared" / "data" / "geo" / "brighton_beach"
FRAME = LocalFrame(origin=Geodetic(lat_deg=30.3, lon_deg=120.1, alt_ellipsoid_m=10.0))
GROUND = Ground(frame=FRAME, alt_ellipsoid_m=10.0)
CAMERA = Camera.from_fov(size_px=(1600, 900), hfov_deg=80.0)
SEAT = Mount(seat_cam_deg=(0.8, -0.5, 3.0))
EAST_M, SLOPE = 80.0, 0.04
START_S = 1_793_584_800.0


def test_a_seat_is_found_and_heights_count_above_the_middle_of_what_was_seen() -> None:
    """Over a slope that is 3.2 m high where it was flown, the calibrated pose stands 40 m above it."""
    rng = np.random.default_rng(3)
    spots_m = np.column_stack((rng.uniform(-30, 30, 80) + EAST_M, rng.uniform(-50, 50, 80), rng.normal(0, 0.1, 80)))
    spots_m[:, 2] += SLOPE * spots_m[:, 0]
    poses, rows = [], []
    for number in range(8):
        eye_m = np.array([EAST_M + 6.0 * (number % 2), (number - 3.5) * 10, 40.0 + SLOPE * EAST_M])
        look = Attitude(yaw_deg=0.0, pitch_deg=-90.0)
        place = FRAME.geodetic_from_enu(eye_m)
        sigmas = PoseSigmas(yaw_deg=5.0, tilt_deg=1.5)
        poses.append(Pose(at_s=float(number), position=place, body=look, gimbal=look, sigmas=sigmas))
        shown = project(CAMERA, FRAME, SEAT.corrected(poses[-1]), spots_m)
        rows += [(number, spot, *shown.xy_px[spot] + rng.normal(0, 0.3, 2)) for spot in np.flatnonzero(shown.in_view)]
    table = np.array(rows)
    spots, points = np.unique(table[:, 1], return_inverse=True)
    ties = Ties(
        picture=table[:, 0].astype(int),
        point=points,
        xy_px=table[:, 2:],
        surveyed_enu_m=np.full((len(spots), 3), np.nan),
    )
    solved, mount = solve(CAMERA, GROUND, poses, [0] * 8, [0.0], ties)
    (seat,) = mount.by_heading
    assert seat.seat_cam_deg[2] == pytest.approx(3.0, abs=0.7)
    stands_m = seat.mount().corrected(poses[0]).position.alt_ellipsoid_m - 10.0
    assert stands_m == pytest.approx(40.0, abs=2.0)
    entry = CameraEntry(
        id="d", name="d", kind="stills", lens=Lens(width_px=1600, height_px=900, hfov_deg=80), mount=mount
    )
    again = CameraEntry.model_validate(tomllib.loads(entry.toml()))
    assert again == entry
    ingested, old = (m.mount().corrected(poses[0]) for m in (again.mount, seat.model_copy(update={"errors": None})))
    xy_px, lens = (1500.0, 100.0), solved.camera(CAMERA)
    fix, added = GROUND.locate(lens, ingested, xy_px), GROUND.locate(lens, old, xy_px)
    assert fix.ellipse.semi_major_m < added.ellipse.semi_major_m
    calibration = {term.shared_by for term in fix.terms} - {""}
    assert calibration == {seat.errors.by}


@pytest.mark.real
@pytest.mark.skipif(not BEACH.is_dir(), reason="needs ../shared/data")
def test_brighton_calibrates_itself(tmp_path: Path) -> None:
    """Six turned pictures are named, a focal length as in OpenSfM's table (949 px), shared points brought together."""
    init_site(tmp_path / "site")
    file = tmp_path / "site" / "site.toml"
    text = file.read_text()
    for before, after in (
        ("30.3195", "46.8427"),
        ("120.1390", "-91.9943"),
        ("ground_alt_amsl_m = 6.0", "ground_alt_amsl_m = 163.0"),
    ):
        assert before in text
        text = text.replace(before, after, 1)
    file.write_text(text.replace("Asia/Shanghai", "America/Chicago"))
    site = read_site(tmp_path / "site")
    found = calibrate_photographs(BEACH / "images", site, camera=None, marks=None)
    assert sorted(found.turned) == [f"DJI_00{number}.JPG" for number in range(24, 30)]
    assert found.settings.lens.focal_px == pytest.approx(949, abs=30)
    assert found.apart_m[0] > 3.0
    assert found.apart_m[1] < 1.5


def test_a_planted_time_offset_of_a_clip_is_found(tmp_path: Path) -> None:
    """A rendered clip of 12 s that turns and speeds up, its log's clock 0.6 s ahead: found to a tenth of a second."""
    init_site(tmp_path / "site")
    site = read_site(tmp_path / "site")
    frame, lens = site.ground.frame, Camera.from_fov(size_px=(320, 240), hfov_deg=70.0)

    def flown(at_s: float) -> tuple[float, float]:
        return 20.0 + 25.0 * float(np.sin(0.7 * at_s)), 2.0 * at_s + 3.0 * float(np.sin(0.9 * at_s))

    def seen(at_s: float) -> Pose:
        yaw_deg, north_m = flown(at_s - START_S - 4)
        look = Attitude(yaw_deg=yaw_deg, pitch_deg=-90.0)
        eye = frame.geodetic_from_enu(np.array([0.0, north_m, 40.0]))
        return Pose(at_s=at_s, position=eye, body=look, gimbal=look)

    world = build_world(7, start_s=START_S)
    render_clip(world, lens, seen, tmp_path / "clip.mp4", start_s=START_S + 4, duration_s=12.0, rate_hz=4)
    samples: list[dict[str, object]] = [{"kind": "clock", "boot_s": 0.0, "unix_s": START_S}]
    for boot_s in np.arange(0.0, 20.0, 0.1):
        yaw_deg, north_m = flown(boot_s - 4 - 0.6)
        place = frame.geodetic_from_enu(np.array([0.0, north_m, 40.0]))
        at = {"boot_s": boot_s}
        speed = 2.0 + 2.7 * float(np.cos(0.9 * (boot_s - 4.6)))
        alt_m = place.alt_ellipsoid_m - site.settings.site.geoid_separation_m
        position = {"lat_deg": place.lat_deg, "lon_deg": place.lon_deg, "alt_amsl_m": alt_m, "height_home_m": 40.0}
        samples += [
            {"kind": "position", **at, **position, "velocity_enu_m_s": [0.0, speed, 0.0]},
            {"kind": "attitude", **at, "yaw_deg": yaw_deg, "pitch_deg": 0.0, "roll_deg": 0.0},
            {"kind": "gimbal", **at, "yaw_deg": yaw_deg, "pitch_deg": -90.0, "roll_deg": 0.0, "from_north": True},
        ]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(sample) + "\n" for sample in samples))
    entry = CameraEntry(id="d", name="d", kind="drone", lens=Lens(width_px=320, height_px=240, hfov_deg=70.0))
    found, settings = calibrate_clip(
        tmp_path / "clip.mp4", tmp_path / "log.jsonl", site, camera=entry, start_s=START_S + 4
    )
    assert found.offset_s == pytest.approx(0.6, abs=0.1)
    assert settings is not None
    assert settings.mount is not None
    assert settings.mount.time_offset_s == pytest.approx(0.6, abs=0.1)
