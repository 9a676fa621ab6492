"""Makes the INT8 form of an exported network: NNCF post-training quantisation, calibrated on training pictures.

The rule kept here: what follows the head's convolutions keeps its precision, and so does whatever a caller names.
Held-out pictures are never used for calibration.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import cv2
import nncf
import numpy as np

from detectors.errors import DatasetError
from detectors.letterbox import fit
from detectors.openvino_engine import ov  # its telemetry is barred there

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from detectors.picture_folder import LabelledPicture

CALIBRATION_PICTURES = 300
"""Source: NNCF's own default for post-training quantisation."""

HEAD_TAIL = (r".*model\.22/.*", r".*model\.22\.dfl.*", r".*model\.22\.cv3\.\d\.2/.*")
"""The decoding behind the head's convolutions, which turns distributions into pixels, and the convolutions that give
class scores: eight bits are too few for them, and they are a hundredth of the work."""


def quantise(
    xml: Path, target: Path, pictures: Sequence[LabelledPicture], *, input_px: int, kept: Sequence[str] = ()
) -> None:
    """Write the INT8 form of a network.

    Args:
        xml: the exported network.
        target: the .xml to write; its .bin goes beside it.
        pictures: training pictures; some 300 spread evenly over the list are looked at.
        input_px: longer side at which they are looked at.
        kept: patterns of layer names that keep their precision, beside the head's tail.

    Raises:
        DatasetError: a picture cannot be read.
    """
    nncf.set_log_level(logging.ERROR)
    network = ov.Core().read_model(xml)
    rows = np.unique(np.linspace(0, len(pictures) - 1, CALIBRATION_PICTURES).astype(np.int64))
    small = nncf.quantize(
        network,
        nncf.Dataset([pictures[row] for row in rows], lambda picture: network_input(picture, input_px)),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(rows),
        # Half range for weights: eight-bit products overflow 16 bits on CPUs without VNNI.
        advanced_parameters=nncf.AdvancedQuantizationParameters(overflow_fix=nncf.OverflowFix.ENABLE),
        ignored_scope=nncf.IgnoredScope(patterns=[*HEAD_TAIL, *kept], validate=False),
    )
    ov.save_model(small, target, compress_to_fp16=True)


def network_input(picture: LabelledPicture, input_px: int) -> NDArray[np.float32]:
    """(1, 3, h, w) RGB in 0..1, letterboxed as in use."""
    image = cv2.imread(str(picture.path), cv2.IMREAD_COLOR)
    if image is None:
        msg = f"{picture.path}: cannot be read as a picture; remove it or restore it"
        raise DatasetError(msg)
    height, width = image.shape[:2]
    boxed = fit(width_px=width, height_px=height, long_side_px=input_px).apply(image.astype(np.uint8, copy=False))
    return np.ascontiguousarray(boxed[None, :, :, ::-1].transpose(0, 3, 1, 2), dtype=np.float32) / np.float32(255)
