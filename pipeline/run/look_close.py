"""A look at a frame from the air: the whole picture, and at native scale what the zones and the height ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from detectors.tiles import detect_tiles
from geofences.errors import OutsideTrack
from pipeline.domain.frame import SourceKind
from pipeline.geotag.tiles import TilePlan

if TYPE_CHECKING:
    from collections.abc import Callable

    from detectors.detections import Detections, Engine
    from geofences.zone_index import ZoneIndex
    from pipeline.domain.frame import Frame
    from pipeline.geotag.ground import Ground
    from pipeline.ports import FrameSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Closely:
    """How a site's drones are looked at closely.

    Attributes:
        new_native: makes the detector for tiles; asked once a look, and only where a picture is larger than its input.
        long_side_px: longer side of the input for whole pictures.
    """

    new_native: Callable[[], Engine]
    long_side_px: int

    def over(
        self, source: FrameSource, engine: Engine, ground: Ground, index: ZoneIndex
    ) -> Callable[[Frame], Detections]:
        """How a frame of that source is looked at: street cameras, and those nobody located, as a whole."""
        profile = source.profile
        whole_will_do = max(profile.camera.size_px) <= self.long_side_px or not profile.located
        if profile.kind is SourceKind.CITY_EYE or whole_will_do:
            return lambda frame: engine.detect(frame.image_bgr)
        plan = TilePlan(camera=profile.camera, ground=ground, index=index, long_side_px=self.long_side_px)
        native = self.new_native()

        def look(frame: Frame) -> Detections:
            try:
                tiles_px = plan.tiles(source.pose_at(frame.captured_at_s))
            except OutsideTrack:
                tiles_px = ()
            return detect_tiles(engine, native, frame.image_bgr, tiles_px)

        return look
