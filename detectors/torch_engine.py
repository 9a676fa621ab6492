"""The detector in its training form, by torch: in half precision on a GPU, or in float32 on the CPU.

The rule kept here: the network alone differs from the product's engine on the CPU; letterbox and decoding are the same
code. The head computes in float32 everywhere: in half precision a box at pixel 1,100 would be a pixel off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from detectors.decode import decode
from detectors.errors import ModelUnusable
from detectors.letterbox import fit_picture
from detectors.model_folder import identity, load_manifest, verify_file
from detectors.reference.quiet import give_back_pillow, silence_ultralytics
from detectors.reference.torchvision_shim import ensure_torchvision

silence_ultralytics()
ensure_torchvision()

from ultralytics.nn.tasks import DetectionModel, load_checkpoint  # noqa: E402 - silenced and shimmed first

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from detectors.detections import Detections, ModelIdentity

give_back_pillow()

__all__ = ["DetectionModel", "TorchEngine", "open_torch_engine"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TorchEngine:
    """A loaded network, where its parameters lie and in their precision.

    Attributes:
        network: in evaluation mode.
        model: whose weights these are.
        long_side_px: longer side of the network input, a multiple of 32.
        thresholds: (classes,) lowest score kept.
        nms_iou: overlap above which the weaker of two boxes of a class goes.
    """

    network: DetectionModel
    model: ModelIdentity
    long_side_px: int
    thresholds: NDArray[np.float32]
    nms_iou: float

    def detect(self, image_bgr: NDArray[np.uint8]) -> Detections:
        """Boxes in one (h, w, 3) uint8 BGR picture.

        Raises:
            DetectorError: the array is no such picture.
        """
        letterbox = fit_picture(image_bgr, self.long_side_px)
        first = next(self.network.parameters())
        with torch.inference_mode():
            pixels = torch.from_numpy(letterbox.apply(image_bgr)).to(first.device)  # bytes travel, not floats
            raw = self.network(pixels.flip(2).permute(2, 0, 1)[None].to(first.dtype) / 255)[0][0].cpu().numpy()
        return decode(
            raw[4:],
            lambda: raw[:4],
            letterbox=letterbox,
            thresholds=self.thresholds,
            nms_iou=self.nms_iou,
            model=self.model,
        )


def open_torch_engine(
    folder: Path, *, long_side_px: int | None = None, score_floor: float | None = None, device: str = "cuda"
) -> TorchEngine:
    """Load the folder's checkpoint.

    Args:
        folder: a model folder with its manifest.
        long_side_px: longer side of the network input, a multiple of 32; the manifest's where None.
        score_floor: lowest score kept for every class in place of the manifest's thresholds.
        device: `cuda` or `cuda:1`, which compute in half precision, or `cpu`.

    Raises:
        ModelUnusable: the manifest or the checkpoint is missing or altered, or torch sees no such device.
    """
    manifest = load_manifest(folder)
    path = verify_file(folder, manifest, manifest.file_with(".pt"))
    if device != "cpu" and (torch.device(device).index or 0) >= torch.cuda.device_count():
        msg = (
            f"[model] device is {device!r}, and torch {torch.__version__} sees {torch.cuda.device_count()} GPUs; "
            'install the CUDA build of torch and the driver, or set device = "cpu"'
        )
        raise ModelUnusable(msg)
    network = load_checkpoint(path, device=torch.device(device))[0].fuse(verbose=False)
    if device != "cpu":
        network.half()
        head = network.model[-1].float()
        head.register_forward_pre_hook(lambda _head, levels: ([level.float() for level in levels[0]],))
    return TorchEngine(
        network=network,
        model=identity(manifest, path.name),
        long_side_px=manifest.long_side(long_side_px),
        thresholds=manifest.threshold_row(score_floor),
        nms_iou=manifest.nms_iou,
    )
