"""From a world and a pose to a picture, and to the boxes a perfect detector would draw on it."""

from __future__ import annotations

import functools
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray  # noqa: TC002 - a dataclass field's type

from pipeline.scene.backdrop import Backdrop, as_taken
from pipeline.scene.canvases import NOTICEABLE, ColourCanvas, OwnerCanvas, Sprites, puff_layer
from pipeline.scene.stage import Stage
from pipeline.scene.view import NEAR_M, View

if TYPE_CHECKING:
    from geofences.camera import Camera
    from geofences.pose import Pose
    from pipeline.scene.canvases import Canvas, Layer
    from pipeline.scene.plumes import Plume
    from pipeline.scene.stage import Standing
    from pipeline.scene.world import World

MIN_BOX_PX = 6.0
MIN_VISIBLE = 0.4
MIN_PLUME_PX = 250


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Labels:
    """True boxes in one picture; arrays of equal length n, read-only.

    Attributes:
        xyxy_px: (n, 4) left, top, right, bottom.
        class_id: (n,) as in detections.
        truth_id: (n) which planted thing; every cone of a row has its own box.
    """

    xyxy_px: NDArray[np.float64]
    class_id: NDArray[np.int64]
    truth_id: tuple[str, ...]

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        self.xyxy_px.flags.writeable = False
        self.class_id.flags.writeable = False


class SceneRenderer:
    """Renders a world. One renderer is used by one thread at a time; the ground is painted once, at first need.

    Attributes:
        world: what is rendered.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self._stage = Stage(world)
        self._sprites = Sprites(world.seed)

    @functools.cached_property
    def _backdrop(self) -> Backdrop:
        return Backdrop(self.world)

    def render(self, camera: Camera, pose: Pose, at_s: float) -> NDArray[np.uint8]:
        """The picture a camera takes.

        Args:
            camera: a lens without distortion.
            pose: its true pose.
            at_s: when, seconds since the Unix epoch, UTC; plumes depend on it.

        Returns:
            (height, width, 3) uint8 BGR.

        Raises:
            Unrenderable: the lens has distortion, or stands less than a metre above the ground.
        """
        view = View.of(camera, self.world.frame, pose)
        image = self._backdrop.seen(view)
        self._draw(view, at_s, ColourCanvas(image, self._sprites))
        key = zlib.crc32(f"{at_s:.4f} {view.centre_m.round(3).tolist()} {view.cam_from_enu.round(5).tolist()}".encode())
        return as_taken(image, self.world.seed, key)

    def boxes(self, camera: Camera, pose: Pose, at_s: float) -> Labels:
        """The boxes of the planted things a picture shows; arguments and errors as for `render`.

        What is hidden or cut off by the picture's edge by more than `1 - MIN_VISIBLE`, or has a side shorter than
        `MIN_BOX_PX`, has none.
        """
        view = View.of(camera, self.world.frame, pose)
        canvas = OwnerCanvas(view.size_px)
        self._draw(view, at_s, canvas)
        found: list[tuple[str, NDArray[np.float64] | None]] = []
        for number, solid in enumerate(self.world.solids):
            if solid.truth_id:
                visible = canvas.owners == number + 1
                found.append((solid.truth_id, _solid_box(view, self._stage.standing[number], visible)))
        for number, plume in enumerate(self.world.plumes, start=len(self.world.solids)):
            layer = self._layer(view, at_s, plume)
            found.append((plume.truth_id, _plume_box(layer, canvas.owners == number + 1)))
        kept = [(truth_id, box) for truth_id, box in found if box is not None]
        class_of = {p.truth_id: p.class_id for p in self.world.planted}
        return Labels(
            xyxy_px=np.array([box for _, box in kept]).reshape(-1, 4),
            class_id=np.array([class_of[truth_id] for truth_id, _ in kept], dtype=np.int64),
            truth_id=tuple(truth_id for truth_id, _ in kept),
        )

    def _draw(self, view: View, at_s: float, canvas: Canvas) -> None:
        """Everything that stands or drifts, far to near; solids are numbered first, then plumes, and own by number."""
        world, solids = self.world, len(self.world.solids)
        light = np.array(world.light_bgr)
        sources = view.camera_points(np.array([p.source_m for p in world.plumes]).reshape(-1, 3))
        seen = self._stage.in_sight(view)
        seen += [(float(np.linalg.norm(at)) - 1.0, n) for n, at in enumerate(sources, start=solids)]
        for _, number in sorted(seen, reverse=True):
            if number < solids:
                owner = number + 1 if world.solids[number].truth_id else 0
                self._stage.standing[number].draw(view, owner, canvas)
                continue
            plume = world.plumes[number - solids]
            if layer := self._layer(view, at_s, plume):
                canvas.plume(layer, np.array(plume.colour_bgr) * light, number + 1)

    def _layer(self, view: View, at_s: float, plume: Plume) -> Layer | None:
        return puff_layer(view, plume.puffs_at(at_s - self.world.start_s), self._sprites)


def _solid_box(view: View, standing: Standing, visible: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    """Around all of it, unless a part lies behind the lens or too little is seen."""
    points = view.camera_points(standing.vertices_m)
    pixels = view.pixels(points)
    box = _kept_box(np.concatenate((pixels.min(axis=0), pixels.max(axis=0))), view.size_px)
    if points[:, 2].min() < NEAR_M or box is None:
        return None
    alone = OwnerCanvas(view.size_px)
    standing.draw(view, 1, alone)
    return box if visible.sum() >= MIN_VISIBLE * max(1, int(alone.owners.sum())) else None


def _plume_box(layer: Layer | None, visible: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    """Around what is noticeable and not hidden."""
    if layer is None:
        return None
    dense = int((layer.alpha > NOTICEABLE).sum())
    if visible.sum() < max(MIN_PLUME_PX, MIN_VISIBLE * dense):
        return None
    rows, columns = np.flatnonzero(visible.any(axis=1)), np.flatnonzero(visible.any(axis=0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], dtype=np.float64)


def _kept_box(box_px: NDArray[np.float64], size_px: tuple[int, int]) -> NDArray[np.float64] | None:
    """The box cut to the picture; None when too little or too small a part is left."""
    limit = np.array([*size_px, *size_px], dtype=np.float64)
    cut: NDArray[np.float64] = np.clip(box_px, 0, limit)
    sides, whole = cut[2:] - cut[:2], box_px[2:] - box_px[:2]
    small = (sides < MIN_BOX_PX).any() or np.prod(sides) < MIN_VISIBLE * np.prod(whole)
    return None if small else cut
