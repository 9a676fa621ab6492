"""Getting a look's bytes onto our disk: a stream is recorded, a file is taken as it is, a rendered site is rendered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipeline.errors import BadInput
from pipeline.sources import media

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from geofences.camera import Camera
    from geofences.pose import Pose
    from pipeline.scene.world import World
    from pipeline.site import Site
    from pipeline.sources.camera_file import CameraEntry

SCENE_URL = "scene"
DRONE_RATE_HZ = 2
EYE_RATE_HZ = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A clip on our disk.

    Attributes:
        path: the file.
        start_s: UTC of its first picture.
        look_id: of the window it holds.
        spooled: ours to remove once filed.
    """

    path: Path
    start_s: float
    look_id: str
    spooled: bool


def scene_world(site: Site) -> World:
    """The rendered world of a rendered site.

    Raises:
        BadInput: the site is not a rendered one.
    """
    from pipeline.scene.world import build_world  # noqa: PLC0415 - only rendered sites need it

    scene = site.settings.scene
    if scene is None:
        raise BadInput(
            path=str(site.folder / "site.toml"),
            field="scene",
            fault="is missing, so nothing can be rendered",
            remedy="Make a rendered site with `offsite init FOLDER --scene SEED`",
        )
    return build_world(scene.seed, start_s=scene.start.timestamp())


def render_clip(
    world: World,
    camera: Camera,
    pose_at: Callable[[float], Pose],
    path: Path,
    *,
    start_s: float,
    duration_s: float,
    rate_hz: int,
) -> None:
    """Record what a camera in the rendered world sees, under a temporary name until it is whole."""
    from pipeline.scene.render import SceneRenderer  # noqa: PLC0415 - only rendered sites need it

    renderer = SceneRenderer(world)
    part = path.with_suffix(".part")
    frames = int(duration_s * rate_hz)
    with media.ClipWriter(part, size_px=camera.size_px, rate_hz=rate_hz, start_s=start_s) as clip:
        for number in range(frames):
            at_s = start_s + number / rate_hz
            clip.write(renderer.render(camera, pose_at(at_s), at_s))
    part.rename(path)


def window_id(camera_id: str, start_s: float) -> str:
    """The look id of a camera's window."""
    return f"{camera_id}-{datetime.fromtimestamp(start_s, UTC).strftime('%Y%m%dT%H%M%SZ')}"


def record_window(site: Site, entry: CameraEntry, *, duration_s: float, start_s: float) -> Recorded:
    """One window of a fixed camera, recorded or found already recorded.

    Args:
        site: whose spool takes the clip.
        entry: the camera.
        duration_s: how long to watch.
        start_s: names the window, UTC. For a rendered camera it is the moment rendered.

    Raises:
        BadInput: the camera has no address, or its stream or file cannot be read.
    """
    if not entry.url:
        raise BadInput(
            path=str(site.folder / "site.toml"),
            field=f"camera {entry.id}: url",
            fault="is empty",
            remedy="Give the camera's stream, a file beside site.toml, or `scene`",
        )
    look_id = window_id(entry.id, start_s)
    site.spool_folder.mkdir(exist_ok=True)
    if entry.url == SCENE_URL:
        path = site.spool_folder / f"{look_id}.mp4"
        if not path.exists():
            world = scene_world(site)
            camera, pose_at = entry.lens.camera(entry.name), _true_eye(world, entry.id)
            render_clip(world, camera, pose_at, path, start_s=start_s, duration_s=duration_s, rate_hz=EYE_RATE_HZ)
        return Recorded(path=path, start_s=start_s, look_id=look_id, spooled=True)
    if "://" in entry.url:
        path = site.spool_folder / f"{look_id}.mkv"
        arrived_s = media.record_stream(entry.url, path, duration_s=duration_s)
        return Recorded(path=path, start_s=arrived_s, look_id=look_id, spooled=True)
    return Recorded(path=site.folder / entry.url, start_s=start_s, look_id=look_id, spooled=False)


def _true_eye(world: World, source_id: str) -> Callable[[float], Pose]:
    from pipeline.scene.cameras import city_eyes  # noqa: PLC0415 - only rendered sites need it

    pose = next(eye.pose for eye in city_eyes(world) if eye.source_id == source_id)
    return lambda _at_s: pose
