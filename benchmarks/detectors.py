"""Pixels to detections on one core: our engine in both precisions against YOLO.predict, same weights and frames.

All see the same 1080p frames, interleaved, one thread each. Beside them the share of this machine's matrix peak that
inference reaches, measured in the same run by a large product of matrices; and the average precision that INT8 costs.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.pop(0)  # this folder, where `detectors.py` would hide the package of that name

import cv2
import numpy as np
import torch

from detectors import evaluation
from detectors.letterbox import fit
from detectors.model_folder import SHIPPED
from detectors.openvino_engine import OpenVinoEngine, ov
from detectors.reference.ultralytics_engine import UltralyticsEngine

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
CLIP = SHARED / "clips" / "intel_car-detection_topdown.mp4"
GFLOP_640 = 8.64
"""YOLOv8n with four classes at 640x640, multiply-adds counted twice. Source: ultralytics' `info()`."""

CHANNELS, PIXELS_SIDE, PRODUCTS = 512, 48, 6
FORMS = ("bf16", "int8")


def frames(count: int) -> list[NDArray[np.uint8]]:
    """Frames of a real clip, brought to 1920x1080."""
    clip, shown = cv2.VideoCapture(str(CLIP)), []
    while len(shown) < count:
        read, frame = clip.read()
        if not read:
            break
        shown.append(cv2.resize(frame, (1920, 1080)).astype(np.uint8, copy=False))
    return shown


def elapsed_ms(call: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1e3


def matrix_product(form: str) -> Callable[[], object]:
    """One thread's products of large matrices (1x1 convolutions) in OpenVINO, quantised as NNCF does for `int8`."""
    rng, ops = np.random.default_rng(1), ov.opset13
    values = rng.uniform(-1, 1, (1, CHANNELS, PIXELS_SIDE, PIXELS_SIDE)).astype(np.float32)
    weights = rng.uniform(-1, 1, (CHANNELS, CHANNELS, 1, 1)).astype(np.float32)
    pixels = ops.parameter(list(values.shape), np.float32)
    node = pixels
    for _ in range(PRODUCTS):  # one after the other, so that quantising the first input weighs little
        right = ops.constant(weights)
        if form == "int8":
            ends = [np.float32(end) for end in (-1, 1)]
            node, right = ops.fake_quantize(node, *ends, *ends, 256), ops.fake_quantize(right, *ends, *ends, 255)
        node = ops.convolution(node, right, [1, 1], [0, 0], [0, 0], [1, 1])
    network = ov.Model([node], [pixels])
    core, settings = ov.Core(), {"INFERENCE_NUM_THREADS": 1, "PERFORMANCE_HINT": "LATENCY"}
    if "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        settings["INFERENCE_PRECISION_HINT"] = ov.Type.bf16
    request = core.compile_model(network, "CPU", settings).create_infer_request()
    return lambda: request.infer([values], share_inputs=True, share_outputs=True)


def speed(model: Path, count: int, input_px: int) -> None:
    """Print times and ratios of interleaved runs, and shares of the peak."""
    shown = frames(count)
    calls = {form: OpenVinoEngine(model, long_side_px=input_px, precision=form).detect for form in FORMS}
    calls["YOLO.predict"] = UltralyticsEngine(model, long_side_px=input_px).detect
    products = {form: matrix_product(form) for form in FORMS}
    for detect in calls.values():
        detect(shown[0])
    torch.set_num_threads(1)  # after the first prediction, which sets them anew
    cv2.setNumThreads(1)
    ms: dict[str, list[float]] = {name: [] for name in calls}
    product_ms: dict[str, list[float]] = {name: [] for name in products}
    for frame in shown:
        for name, detect in calls.items():
            ms[name].append(elapsed_ms(lambda detect=detect, frame=frame: detect(frame)))
        for name, product in products.items():
            product_ms[name].append(elapsed_ms(product))
    box = fit(width_px=1920, height_px=1080, long_side_px=input_px)
    print(f"1080p frames at {box.input_width_px}x{box.input_height_px}, one thread each, {len(shown)} interleaved")
    for name, values in ms.items():
        ratios = np.divide(ms["YOLO.predict"], values)
        low, high = np.percentile(ratios, [10, 90])
        spread = f"{np.median(ratios):.2f}x ({low:.2f} to {high:.2f})"
        print(f"  {name:13} median {statistics.median(values):7.1f} ms, best {min(values):7.1f} ms  {spread}")
    gflop = GFLOP_640 * box.input_width_px * box.input_height_px / 640**2
    for name, values in product_ms.items():
        peak = 2 * PRODUCTS * CHANNELS**2 * PIXELS_SIDE**2 / min(values) / 1e6
        reached = gflop / min(ms[name]) * 1e3
        print(
            f"  {name:13} matrix peak {peak:.0f} GFLOP/s, inference reaches {reached:.0f} ({reached / peak:.0%}), "
            f"best of each; at the peak a frame would take {gflop / peak * 1e3:.1f} ms"
        )


def quality(model: Path, folder: Path) -> None:
    """Print what INT8 costs, per class."""
    runs = {form: evaluation.run(folder, model, precision=form)[0].rows for form in FORMS}
    print(f"average precision on {folder.name}: the bf16 form, then int8")
    for first, second in zip(*runs.values(), strict=True):
        before, after = first.figures.average_precision, second.figures.average_precision
        if first.part in (evaluation.ALL, "cross", "within") and before is not None and after is not None:
            name = f"{first.class_name} {first.part} IoU {first.iou_at_least:g} n = {first.figures.objects}"
            print(f"  {name:44} {before:.3f} {after:.3f} ({100 * (after - before):+.1f} points)")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=SHIPPED)
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--input-px", type=int, default=640)
    parser.add_argument("--pictures", type=Path, default=SHARED / "heldout", help="folder for the cost of INT8")
    parser.add_argument("--skip-quality", action="store_true", help="no evaluation: speed only")
    asked = parser.parse_args()
    able = ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    print(f"OpenVINO on {ov.Core().get_property('CPU', 'FULL_DEVICE_NAME')}: {', '.join(able)}")
    if "BF16" not in able:
        print("no BF16 here: the bf16 form is computed in FP32")
    speed(asked.model, asked.frames, asked.input_px)
    if not asked.skip_quality:
        quality(asked.model, asked.pictures)


if __name__ == "__main__":
    main()
