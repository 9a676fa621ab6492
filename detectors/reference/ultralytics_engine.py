"""The reference detector: the shipped checkpoint through ultralytics' own path, letterbox, suppression and all.

It exists to show that the product's engine says the same; see tests/detectors/test_parity.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from detectors import boxes
from detectors.decode import RIVALS
from detectors.detections import Detections
from detectors.model_folder import identity, load_manifest, verify_file
from detectors.reference.quiet import give_back_pillow, silence_ultralytics

silence_ultralytics()

from detectors.reference.torchvision_shim import ensure_torchvision  # noqa: E402 - the environment is set first

ensure_torchvision()

from ultralytics import YOLO  # noqa: E402 - needs the shim

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from detectors.detections import ModelIdentity

give_back_pillow()


class UltralyticsEngine:
    """A detector in its training form."""

    def __init__(self, folder: Path, *, long_side_px: int | None = None, score_floor: float | None = None) -> None:
        """Load the folder's checkpoint.

        Args:
            folder: a model folder with its manifest.
            long_side_px: longer side of the network input; the manifest's where None.
            score_floor: lowest score kept for every class in place of the manifest's thresholds.

        Raises:
            ModelUnusable: the manifest or the checkpoint is missing or altered.
        """
        self._manifest = load_manifest(folder)
        path = verify_file(folder, self._manifest, self._manifest.file_with(".pt"))
        self._model = identity(self._manifest, path.name)
        self._long_side_px = long_side_px or self._manifest.input_px
        self._thresholds = self._manifest.threshold_row(score_floor)
        self._network = YOLO(path, task="detect")

    @property
    def model(self) -> ModelIdentity:
        """Whose weights are loaded."""
        return self._model

    def detect(self, image_bgr: NDArray[np.uint8]) -> Detections:
        """Boxes in one (h, w, 3) uint8 BGR picture."""
        result = self._network.predict(
            image_bgr,
            imgsz=self._long_side_px,
            conf=float(self._thresholds.min()),
            iou=self._manifest.nms_iou,
            device="cpu",
            verbose=False,
        )[0].boxes
        found = Detections(
            xyxy_px=result.xyxy.numpy(),
            score=result.conf.numpy(),
            class_id=result.cls.numpy().astype(np.int64),
            model=self._model,
        )
        found = found.keep(found.score >= self._thresholds[found.class_id])
        rivals = RIVALS[found.class_id]
        one_plume = boxes.suppress(found.xyxy_px, found.score, rivals, iou_above=self._manifest.nms_iou)
        return found.keep(np.isin(np.arange(len(found)), one_plume))
