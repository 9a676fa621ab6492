"""Lenses of common drones, for pictures that do not state a calibrated focal length.

Source of widths: OpenAthena's table (github.com/Theta-Limited/DroneModels, droneModels.json of 2025-01-09), within 3 %
or taken over, but for FC6310R, as FC6310 the one-inch sensor; focal lengths are those EXIF states, else these nominal.
"""

from __future__ import annotations

from dataclasses import dataclass

NOMINAL_SIGMA_SHARE = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraModel:
    """One lens of a model.

    Attributes:
        sensor_width_mm: of the part that whole pictures show.
        focal_mm: nominal.
    """

    sensor_width_mm: float
    focal_mm: float

    def focal_px(self, width_px: int, focal_mm: float | None) -> float:
        """Focal length in pixels of a picture of that width, at the focal length it states, if it does."""
        return (focal_mm or self.focal_mm) / self.sensor_width_mm * width_px


def _fixed(sensor_width_mm: float, focal_mm: float) -> CameraModel:
    return CameraModel(sensor_width_mm=sensor_width_mm, focal_mm=focal_mm)


_INCH, _HALF_INCH_TELE = _fixed(13.2, 8.8), _fixed(6.4, 29.9)
MODELS: dict[str, tuple[CameraModel, ...]] = {
    "FC220": (_fixed(6.33, 4.73),),  # Mavic Pro
    "FC330": (_fixed(6.32, 3.61),),  # Phantom 4
    "FC6310": (_INCH,),  # Phantom 4 Pro
    "FC6310S": (_INCH,),
    "FC6310R": (_INCH,),  # Phantom 4 RTK
    "L1D-20C": (_fixed(13.2, 10.26),),  # Mavic 2 Pro
    "L2D-20C": (_fixed(17.9, 12.29),),  # Mavic 3
    "FC4170": (_HALF_INCH_TELE,),  # Mavic 3, tele
    "FC3170": (_fixed(6.62, 4.5),),  # Air 2
    "FC3411": (_fixed(13.2, 8.38),),  # Air 2S
    "FC7303": (_fixed(6.3, 4.49),),  # Mini 2
    "FC3582": (_fixed(9.7, 6.72),),  # Mini 3 Pro
    "FC3682": (_fixed(9.27, 6.7),),  # Mini 3
    "FC8482": (_fixed(9.0, 6.72),),  # Mini 4 Pro
    "M3E": (_fixed(17.3, 12.29), _HALF_INCH_TELE),
    "M3T": (_fixed(6.4, 4.4), _HALF_INCH_TELE),
    "ZENMUSEP1": (_fixed(34.8, 35.0),),
}


def camera_model(model: str, focal_mm: float | None) -> CameraModel | None:
    """The lens of a model as EXIF names it, told from its others by the focal length stated; None where unknown."""
    lenses = MODELS.get(model.strip().upper(), ())
    if len(lenses) < 2 or focal_mm is None:
        return lenses[0] if len(lenses) == 1 else None
    near = [lens for lens in lenses if lens.focal_mm * 0.8 <= focal_mm <= lens.focal_mm * 1.2]
    return near[0] if near else None
