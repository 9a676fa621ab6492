"""The product's detector: OpenVINO on the CPU, in process, without torch.

The rule kept here: this is the only file that imports openvino, and its telemetry package is barred before that import,
so that OpenVINO falls back to its own silent stand-in.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np

from detectors.decode import decode
from detectors.errors import DetectorError, ModelUnusable
from detectors.letterbox import STRIDE_PX, fit
from detectors.model_folder import identity, load_manifest, verify_file

sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # Python's own way to bar an import

import openvino as ov  # noqa: E402 - after the bar

__all__ = ["OpenVinoEngine", "ov"]

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from detectors.detections import Detections, ModelIdentity

MOST_SHAPES = 8
"""Compiled networks kept, one per input shape: cameras come in few picture sizes, and each costs some 30 MB."""


class OpenVinoEngine:
    """A detector in the exported form. One instance is used by one thread at a time."""

    def __init__(
        self,
        folder: Path,
        *,
        long_side_px: int | None = None,
        threads: int = 1,
        score_floor: float | None = None,
        precision: str | None = None,
    ) -> None:
        """Load the folder's network.

        Args:
            folder: a model folder with its manifest.
            long_side_px: longer side of the network input, a multiple of 32; the manifest's where None.
            threads: CPU threads per look.
            score_floor: lowest score kept for every class in place of the manifest's thresholds (for evaluation).
            precision: `bf16` (FP32 where the CPU has no BF16) or `int8`; the manifest's where None.

        Raises:
            ModelUnusable: a file is missing, altered, or no network; or `long_side_px` is no multiple of 32.
        """
        self._manifest = load_manifest(folder)
        self._long_side_px = self._manifest.input_px if long_side_px is None else long_side_px
        if self._long_side_px < STRIDE_PX or self._long_side_px % STRIDE_PX:
            msg = f"long_side_px is {self._long_side_px}; give a positive multiple of {STRIDE_PX}"
            raise ModelUnusable(msg)
        self._thresholds = self._manifest.threshold_row(score_floor)
        form = precision or self._manifest.precision
        xml, weights = (
            verify_file(folder, self._manifest, self._manifest.file_with(suffix, precision=form))
            for suffix in (".xml", ".bin")
        )
        self._model = identity(self._manifest, weights.name)
        self._core = ov.Core()
        self._settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads}
        if "BF16" in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            self._settings["INFERENCE_PRECISION_HINT"] = ov.Type.bf16
        try:
            self._network = self._core.read_model(xml, weights)
        except RuntimeError as error:
            msg = f"{xml}: OpenVINO cannot read it ({error}); export the model again"
            raise ModelUnusable(msg) from error
        self._requests: dict[tuple[int, int], ov.InferRequest] = {}

    @property
    def model(self) -> ModelIdentity:
        """Whose weights are loaded."""
        return self._model

    def detect(self, image_bgr: NDArray[np.uint8]) -> Detections:
        """Boxes in one (h, w, 3) uint8 BGR picture.

        Raises:
            DetectorError: the array is no such picture.
        """
        if image_bgr.ndim != 3 or image_bgr.shape[2] != 3 or image_bgr.dtype != np.uint8 or not image_bgr.size:
            msg = f"expected a (h, w, 3) uint8 BGR picture, got shape {image_bgr.shape} of {image_bgr.dtype}"
            raise DetectorError(msg)
        height, width = image_bgr.shape[:2]
        letterbox = fit(width_px=width, height_px=height, long_side_px=self._long_side_px)
        request = self._request_for(letterbox.input_height_px, letterbox.input_width_px)
        raw = request.infer([letterbox.apply(image_bgr)[None]], share_inputs=True, share_outputs=True)[0]
        return decode(
            raw[0],
            letterbox=letterbox,
            thresholds=self._thresholds,
            nms_iou=self._manifest.nms_iou,
            model=self._model,
        )

    def _request_for(self, height_px: int, width_px: int) -> ov.InferRequest:
        """The compiled network for an input shape; the oldest goes when there are too many."""
        key = (height_px, width_px)
        if key not in self._requests:
            if len(self._requests) >= MOST_SHAPES:
                del self._requests[next(iter(self._requests))]
            compiled = self._core.compile_model(self._shaped(height_px, width_px), "CPU", self._settings)
            self._requests[key] = compiled.create_infer_request()
        return self._requests[key]

    def _shaped(self, height_px: int, width_px: int) -> ov.Model:
        """The network for one shape that takes BGR bytes as they are and does its own scaling and reordering."""
        network = self._network.clone()
        network.reshape([1, 3, height_px, width_px])
        steps = ov.preprocess.PrePostProcessor(network)
        pixels = steps.input()
        pixels.tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
        pixels.tensor().set_color_format(ov.preprocess.ColorFormat.BGR)
        pixels.model().set_layout(ov.Layout("NCHW"))
        pixels.preprocess().convert_element_type(ov.Type.f32).convert_color(ov.preprocess.ColorFormat.RGB).scale(255.0)
        return steps.build()
