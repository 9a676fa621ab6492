"""The product's detector: OpenVINO on the CPU, in process, without torch.

The rules kept here: this is the only file that imports openvino, and its telemetry package is barred before that
import, so that OpenVINO falls back to its own silent stand-in. Class scores are computed first; the branch that places
boxes (an eighth of the work) runs only where a score is high enough.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from detectors.decode import decode
from detectors.errors import ModelUnusable
from detectors.letterbox import fit_picture
from detectors.model_folder import identity, load_manifest, verify_file

sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # Python's own way to bar an import

import openvino as ov  # noqa: E402 - after the bar

__all__ = ["OpenVinoEngine", "ov"]

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from detectors.detections import Detections, ModelIdentity

MOST_SHAPES = 8
"""Compiled networks kept, one per input shape: cameras come in few picture sizes, and each costs some 30 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Halves:
    """A compiled network for one input shape, in two parts.

    Attributes:
        scores: from (1, h, w, 3) BGR bytes: (1, classes, anchors) scores, then the feature maps.
        boxes: from the feature maps: (1, 4, anchors) boxes.
    """

    scores: ov.InferRequest
    boxes: ov.InferRequest

    def look(self, pixels: NDArray[np.uint8]) -> tuple[NDArray[np.float32], Callable[[], NDArray[np.float32]]]:
        """(classes, anchors) scores of one picture, and what gives its (4, anchors) boxes until the next look."""
        seen = self.scores.infer([pixels[None]], share_inputs=True, share_outputs=True)
        scores, *features = (seen[place] for place in range(len(seen)))
        return scores[0], lambda: self.boxes.infer(features, share_inputs=True, share_outputs=True)[0][0]


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
        self._long_side_px = self._manifest.long_side(long_side_px)
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
        self._compiled: dict[tuple[int, int], Halves] = {}

    @property
    def model(self) -> ModelIdentity:
        """Whose weights are loaded."""
        return self._model

    def detect(self, image_bgr: NDArray[np.uint8]) -> Detections:
        """Boxes in one (h, w, 3) uint8 BGR picture.

        Raises:
            DetectorError: the array is no such picture.
        """
        letterbox = fit_picture(image_bgr, self._long_side_px)
        halves = self._halves_for(letterbox.input_height_px, letterbox.input_width_px)
        return decode(
            *halves.look(letterbox.apply(image_bgr)),
            letterbox=letterbox,
            thresholds=self._thresholds,
            nms_iou=self._manifest.nms_iou,
            model=self._model,
        )

    def _halves_for(self, height_px: int, width_px: int) -> Halves:
        """The compiled network for an input shape; the oldest goes when there are too many."""
        key = (height_px, width_px)
        if key not in self._compiled:
            if len(self._compiled) >= MOST_SHAPES:
                del self._compiled[next(iter(self._compiled))]
            scores, boxes = (
                self._core.compile_model(part, "CPU", self._settings).create_infer_request()
                for part in in_halves(self._shaped(height_px, width_px))
            )
            self._compiled[key] = Halves(scores=scores, boxes=boxes)
        return self._compiled[key]

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


def in_halves(network: ov.Model) -> tuple[ov.Model, ov.Model]:
    """A network that gives boxes and scores in one array, as one that gives scores and features and one for the boxes.

    The cut runs where the branch of boxes leaves what both need, before any quantisation, which both then do.

    Raises:
        ModelUnusable: it is no such network.
    """
    rest = network.clone()  # a part cut off by inputs of its own changes the network it is cut from
    first, second = _features(network), _features(rest)
    scores, boxes = _head(network)[1], _head(rest)[0]
    inputs = [ov.opset13.parameter(list(feature.get_shape()), np.float32) for feature in second]
    for feature, given in zip(second, inputs, strict=True):
        for reader in feature.get_target_inputs():
            reader.replace_source_output(given.output(0))
    return ov.Model([scores, *first], network.get_parameters()), ov.Model([boxes], inputs)


def _head(network: ov.Model) -> list[ov.Output]:
    """The outputs for boxes and for scores, before they are put together."""
    together = network.get_results()[0].input_value(0).get_node()
    if together.get_type_name() != "Concat" or len(together.inputs()) != 2:
        msg = f"{network.get_friendly_name()}: ends in no boxes and scores; export it by detectors.reference.export"
        raise ModelUnusable(msg)
    return [place.get_source_output() for place in together.inputs()]


def _features(network: ov.Model) -> list[ov.Output]:
    """What both branches of the head read, in the order of the network."""
    for_boxes, for_scores = (_sources(output) for output in _head(network))
    found: dict[str, ov.Output] = {}
    for node in network.get_ordered_ops():
        shared = node.get_name() in for_boxes & for_scores and node.get_type_name() != "Constant"
        readers = {reader.get_node().get_name() for output in node.outputs() for reader in output.get_target_inputs()}
        if shared and readers & (for_boxes - for_scores):
            feature = node.input_value(0) if node.get_type_name() == "FakeQuantize" else node.output(0)
            found[feature.get_node().get_name()] = feature
    return list(found.values())


def _sources(output: ov.Output) -> set[str]:
    """Names of all nodes that an output depends on."""
    found: set[str] = set()
    left = [output.get_node()]
    while left:
        node = left.pop()
        if node.get_name() not in found:
            found.add(node.get_name())
            left += [place.get_source_output().get_node() for place in node.inputs()]
    return found
