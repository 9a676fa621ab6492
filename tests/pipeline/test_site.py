"""Reading a site's folder: its ground, its cameras and what is refused of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from flows.site_folder import init_site
from geofences.attitude import Attitude
from geofences.camera import Camera
from geofences.pose import Pose
from pipeline.errors import BadInput
from pipeline.site import read_site

if TYPE_CHECKING:
    from pathlib import Path

rasterio = pytest.importorskip("rasterio")

LENS = "lens = { width_px = 640, height_px = 480, hfov_deg = 70.0 }"
MOUNTING = "mounting = { lat_deg = 30.3, lon_deg = 120.1, alt_ellipsoid_m = 25.0, yaw_deg = 45.0, pitch_deg = -25.0 }"


def site_with(folder: Path, *, place: str = "", camera: str = "") -> Path:
    """A fresh site with these lines in `[site]` and in one camera."""
    init_site(folder)
    text = (folder / "site.toml").read_text(encoding="utf-8").replace("[site]", f"[site]\n{place}", 1)
    if camera:
        text += f'\n[[camera]]\nid = "eye"\nname = "eye"\nkind = "drone"\n{LENS}\n{camera}\n'
    (folder / "site.toml").write_text(text, encoding="utf-8")
    return folder


def test_feet_stand_on_the_height_model(tmp_path: Path) -> None:
    """Ground 10 m above the stated level: what a lens sees 20 m below it is 20 m off, not 30."""
    folder = site_with(tmp_path / "site", place='dem = "dem.tif"')
    transform = rasterio.transform.from_origin(120.13, 30.33, 0.0001, 0.0001)
    options = {"width": 200, "height": 200, "count": 1, "dtype": "int16", "crs": "EPSG:4326", "transform": transform}
    with rasterio.open(folder / "dem.tif", "w", driver="GTiff", **options) as model:
        model.write(np.full((200, 200), 16, dtype=np.int16), 1)
    ground = read_site(folder).ground
    look = Attitude(yaw_deg=0.0, pitch_deg=-45.0)
    eye = ground.frame.geodetic_from_enu(np.array([0.0, 0.0, 30.0]))
    pose = Pose(at_s=0.0, position=eye, body=look, gimbal=look)
    camera = Camera.from_fov(size_px=(640, 480), hfov_deg=70.0)
    middle = (319.5, 239.5)
    assert ground.locate(camera, pose, middle).enu_m == pytest.approx([0, 20, 10], abs=0.01)
    assert ground.level_feet(camera, pose, np.array([middle]))[0] == pytest.approx([0, 20], abs=0.01)


@pytest.mark.parametrize(
    ("place", "camera", "field"),
    [
        ('dem = "missing.tif"', "", "site.dem"),
        ("", f"{MOUNTING}\nmount = {{ time_offset_s = 0.2 }}", "camera.0"),
        ("", "mount = { seat_cam_deg = [1.0, 2.0] }", r"camera.0.mount.seat_cam_deg.2"),
        ("", "mount = { seat_cam_deg = [1.0, nan, 2.0] }", r"camera.0.mount.seat_cam_deg.1"),
        ("", "mount = { time_sigma_s = -0.1 }", r"camera.0.mount.time_sigma_s"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, place: str, camera: str, field: str) -> None:
    """A missing height model, a mount on a pole, numbers that are none: file and field are said."""
    folder = site_with(tmp_path / "site", place=place, camera=camera)
    with pytest.raises(BadInput) as caught:
        read_site(folder)
    assert caught.value.field == field
    assert str(folder) in caught.value.path
