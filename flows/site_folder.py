"""Making a site's folder: one to fill in, or a rendered one for demonstrations and tests."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
import tomli_w

from geofences.geojson import dump_permits, dump_zones
from pipeline.errors import BadInput
from pipeline.scene.cameras import city_eyes, drone_camera
from pipeline.scene.truth import write_truth
from pipeline.scene.world import GEOID_SEPARATION_M, GROUND_ALT_AMSL_M, build_world
from pipeline.scene.zones import permits_of, zones_of
from pipeline.site import (
    Aircraft,
    Approval,
    DeliverySettings,
    ModelSettings,
    PatrolSettings,
    Pilot,
    Place,
    SceneSettings,
    Shift,
    Site,
    SiteFile,
    WeatherEntry,
    read_site,
)
from pipeline.sources.camera_file import CameraEntry, Lens, Mounting

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.scene.cameras import FixedCamera
    from pipeline.scene.world import World

# The demonstration's patrol: a Monday morning under the rules in force since 2026-08-15.
SCENE_START = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
AIRSPACE_HALF_M = (130.0, 105.0)
HOME_ENU_M = (-6.0, -30.0, 0.0)


def _refuse_used(folder: Path) -> None:
    if (folder / "site.toml").exists():
        raise BadInput(path=str(folder), field="folder", fault="holds a site already", remedy="Choose another folder")


def init_site(folder: Path) -> None:
    """Make an empty site to fill in.

    Raises:
        BadInput: the folder holds a site already.
    """
    _refuse_used(folder)
    folder.mkdir(parents=True, exist_ok=True)
    packs = resources.files("pipeline") / "packs"
    (folder / "rules.toml").write_bytes((packs / "gongshu.toml").read_bytes())
    (folder / "zones.geojson").write_text(dump_zones(()), encoding="utf-8")
    (folder / "permits.geojson").write_text(dump_permits(()), encoding="utf-8")
    (folder / "site.toml").write_bytes((packs / "site.toml").read_bytes())


def init_rendered_site(folder: Path, *, seed: int, delivery_url: str = "", truth: Path | None = None) -> Site:
    """Make a site whose cameras and aircraft look at the rendered scene.

    Args:
        folder: the site's folder, made if missing.
        seed: which world.
        delivery_url: the case system.
        truth: where to write what was planted; kept outside the site, so that nothing in the pipeline sees it.

    Raises:
        BadInput: the folder holds a site already.
    """
    _refuse_used(folder)
    folder.mkdir(parents=True, exist_ok=True)
    world = build_world(seed, start_s=SCENE_START.timestamp())
    rules = resources.files("pipeline") / "packs" / "gongshu.toml"
    (folder / "rules.toml").write_bytes(rules.read_bytes())
    (folder / "zones.geojson").write_text(dump_zones(zones_of(world)), encoding="utf-8")
    (folder / "permits.geojson").write_text(dump_permits(permits_of(world)), encoding="utf-8")
    settings = _rendered_settings(world, delivery_url)
    text = tomli_w.dumps(settings.model_dump(mode="json", exclude_none=True, exclude_defaults=True))
    # Written last: a folder with a site.toml is a whole site.
    (folder / "site.toml").write_text(text, encoding="utf-8")
    if truth is not None:
        write_truth(truth, world.planted)
    return read_site(folder)


def _rendered_settings(world: World, delivery_url: str) -> SiteFile:
    origin = world.frame.origin
    return SiteFile(
        site=Place(
            name="拱宸桥街道(渲染) Gongchenqiao, rendered",
            origin_lat_deg=origin.lat_deg,
            origin_lon_deg=origin.lon_deg,
            ground_alt_amsl_m=GROUND_ALT_AMSL_M,
            geoid_separation_m=GEOID_SEPARATION_M,
            ground_sigma_m=0.2,
        ),
        aircraft=_rendered_aircraft(world),
        pilot=Pilot(
            name="演示飞手 demo pilot",
            licence="DEMO-UAOC-0001",
            licence_valid_until=datetime(2027, 11, 2, tzinfo=UTC),
            duty=(Shift(start=datetime(2026, 11, 2, 0, 0, tzinfo=UTC), end=datetime(2026, 11, 2, 9, 0, tzinfo=UTC)),),
        ),
        approval=Approval(
            number="DEMO-2026-1102",
            max_height_agl_m=60.0,
            outline_lonlat=_approved(world),
            valid_from=datetime(2026, 11, 2, 0, 0, tzinfo=UTC),
            valid_until=datetime(2026, 11, 2, 9, 0, tzinfo=UTC),
        ),
        weather=WeatherEntry(
            wind_m_s=3.0, gust_m_s=5.0, visibility_m=8000.0, entered_by="demo pilot", entered_at=SCENE_START
        ),
        patrol=PatrolSettings(release_by_itself=True),
        camera=tuple(_rendered_camera(eye) for eye in city_eyes(world)),
        delivery=DeliverySettings(url=delivery_url),
        model=ModelSettings(threads=2, camera_long_side_px=1280),
        scene=SceneSettings(seed=world.seed, start=SCENE_START),
    )


def _approved(world: World) -> tuple[tuple[float, float], ...]:
    """The patrol area and the way to it, with room to look ahead."""
    e, n = AIRSPACE_HALF_M
    corners = np.array([[-e, -n, 0.0], [e, -n, 0.0], [e, n, 0.0], [-e, n, 0.0]])
    return tuple((float(lon), float(lat)) for lat, lon, _ in world.frame.geodetics_from_enu(corners))


def _rendered_aircraft(world: World) -> Aircraft:
    camera = drone_camera()
    home = world.frame.geodetic_from_enu(np.array(HOME_ENU_M))
    return Aircraft(
        id="uav-01",
        name="模拟四旋翼 Simulated quadcopter",
        registration="DEMO-UAS-0001",
        remote_id="DEMO-RID-0001",
        connection="simulator",
        lens=Lens(width_px=camera.size_px[0], height_px=camera.size_px[1], focal_px=camera.focal_px),
        height_agl_m=35.0,
        gimbal_pitch_deg=-60.0,
        speed_m_s=7.0,
        look_hz=2.0,
        home_lat_deg=home.lat_deg,
        home_lon_deg=home.lon_deg,
    )


def _rendered_camera(eye: FixedCamera) -> CameraEntry:
    camera, pose = eye.camera, eye.pose
    return CameraEntry(
        id=eye.source_id,
        name=eye.name,
        kind="city_eye",
        url="scene",
        look_hz=1.0,
        lens=Lens(width_px=camera.size_px[0], height_px=camera.size_px[1], focal_px=camera.focal_px),
        mounting=Mounting(
            lat_deg=pose.position.lat_deg,
            lon_deg=pose.position.lon_deg,
            alt_ellipsoid_m=pose.position.alt_ellipsoid_m,
            yaw_deg=pose.gimbal.yaw_deg,
            pitch_deg=pose.gimbal.pitch_deg,
            roll_deg=pose.gimbal.roll_deg,
            sigma_m=pose.sigmas.horizontal_m,
            sigma_deg=pose.sigmas.yaw_deg,
        ),
    )
