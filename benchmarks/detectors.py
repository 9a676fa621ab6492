"""Pixels to detections on one core: our engine in both precisions against YOLO.predict, same weights and frames.

All see the same 1080p frames, interleaved, one thread each; times are the process's own, so that other jobs weigh
little. One clip holds nothing, so that the branch of boxes never runs, the other a plume in every frame. Beside them:
the share of this machine's matrix peak that inference reaches, measured in the same run by a large product of matrices;
the engine on a GPU where there is one (wall time, one frame at a time); and the average precision that INT8 costs.
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
from detectors.model_folder import SHIPPED, load_manifest
from detectors.openvino_engine import OpenVinoEngine, ov
from detectors.torch_engine import open_torch_engine

from ultralytics import YOLO  # isort: skip

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
CLIPS = {"nothing found": "intel_car-detection_topdown.mp4", "a plume in each": "furg_house6_light_smoke.mp4"}
GFLOP_640 = 8.64
"""YOLOv8n with four classes at 640x640, multiply-adds counted twice. Source: ultralytics' `info()`."""

CHANNELS, PIXELS_SIDE, PRODUCTS = 512, 48, 6
FORMS = ("bf16", "int8")


def frames(name: str, count: int) -> list[NDArray[np.uint8]]:
    """Frames of a real clip, brought to 1920x1080."""
    clip, shown = cv2.VideoCapture(str(SHARED / "clips" / name)), []
    while len(shown) < count:
        read, frame = clip.read()
        if not read:
            break
        shown.append(cv2.resize(frame, (1920, 1080)).astype(np.uint8, copy=False))
    return shown


def elapsed_ms(call: Callable[[], object], clock: Callable[[], float] = time.process_time) -> float:
    """Milliseconds of one call."""
    begun = clock()
    call()
    return (clock() - begun) * 1e3


def engines(model: Path, input_px: int) -> dict[str, Callable[[NDArray[np.uint8]], object]]:
    """What is compared, by name."""
    calls = {form: OpenVinoEngine(model, precision=form, long_side_px=input_px).detect for form in FORMS}
    network = YOLO(model / load_manifest(model).file_with(".pt"), task="detect")
    asked = {"imgsz": input_px, "device": "cpu", "verbose": False}
    return calls | {"YOLO.predict": lambda frame: network.predict(frame, **asked)}


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
    calls, products = engines(model, input_px), {form: matrix_product(form) for form in FORMS}
    box = fit(width_px=1920, height_px=1080, long_side_px=input_px)
    print(f"1080p frames at {box.input_width_px}x{box.input_height_px}, one thread each, {count} interleaved")
    ms: dict[str, list[float]] = {}
    product_ms: dict[str, list[float]] = {name: [] for name in products}
    for what, clip in CLIPS.items():
        shown, ms = frames(clip, count), {name: [] for name in calls}
        for detect in calls.values():
            detect(shown[0])
        torch.set_num_threads(1)  # after the first prediction, which sets them anew
        cv2.setNumThreads(1)
        for frame in shown:
            for name, detect in calls.items():
                ms[name].append(elapsed_ms(lambda detect=detect, frame=frame: detect(frame)))
            for name, product in products.items():
                product_ms[name].append(elapsed_ms(product))
        for name, values in ms.items():
            ratios = np.divide(ms["YOLO.predict"], values)
            low, high = np.percentile(ratios, [10, 90])
            spread = f"best {min(values):6.1f}  {np.median(ratios):.2f}x ({low:.2f} to {high:.2f})"
            print(f"  {what:15} {name:13} median {statistics.median(values):6.1f} ms, {spread}")
    gflop = GFLOP_640 * box.input_width_px * box.input_height_px / 640**2
    for name, values in product_ms.items():
        peak = 2 * PRODUCTS * CHANNELS**2 * PIXELS_SIDE**2 / statistics.median(values) / 1e6
        reached = gflop / statistics.median(ms[name]) * 1e3  # of the clip for which the whole network runs
        share = f"the whole network reaches {reached:.0f} ({reached / peak:.0%})"
        print(
            f"  {name}: matrix peak {peak:.0f} GFLOP/s, {share}; at the peak a frame takes {gflop / peak * 1e3:.1f} ms"
        )


def on_gpu(model: Path, count: int, input_px: int) -> None:
    """Print what the engine on the GPU takes, in half precision."""
    detect, shown = open_torch_engine(model, long_side_px=input_px).detect, frames(CLIPS["nothing found"], count)
    ms = [elapsed_ms(lambda frame=frame: detect(frame), time.perf_counter) for frame in (*shown[:5], *shown)][5:]
    low, middle, high = np.percentile(ms, [10, 50, 90])
    print(f"  {torch.cuda.get_device_name()}: {middle:.1f} ms a frame ({low:.1f} to {high:.1f})")


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
    if torch.cuda.is_available():
        on_gpu(asked.model, asked.frames, asked.input_px)
    if not asked.skip_quality:
        quality(asked.model, asked.pictures)


if __name__ == "__main__":
    main()
