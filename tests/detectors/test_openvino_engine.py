"""The product's engine on the shipped weights."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from detectors.errors import DetectorError, ModelUnusable
from detectors.model_folder import MANIFEST_NAME, SHIPPED, dump_manifest, load_manifest, sha256_of
from detectors.openvino_engine import OpenVinoEngine, in_halves, ov

BLANK = np.full((90, 160, 3), 120, np.uint8)


@pytest.fixture(scope="module")
def engine() -> OpenVinoEngine:
    """The shipped network at a small input."""
    return OpenVinoEngine(SHIPPED, long_side_px=320)


def test_a_blank_wall_holds_nothing(engine: OpenVinoEngine) -> None:
    """An even grey picture raises no detection."""
    assert len(engine.detect(BLANK)) == 0


def test_it_says_whose_weights_spoke(engine: OpenVinoEngine) -> None:
    """Detections carry the digest of the bytes that were loaded."""
    manifest = load_manifest(SHIPPED)
    digest = sha256_of(SHIPPED / manifest.file_with(".bin", precision=manifest.precision))
    assert engine.detect(BLANK).model.weights_sha256 == digest == engine.model.weights_sha256


def test_many_picture_sizes_work_in_turn(engine: OpenVinoEngine) -> None:
    """Wide, tall and tiny pictures go through one engine, more sizes than it keeps networks for."""
    rng = np.random.default_rng(2)
    for width in range(40, 360, 32):
        found = engine.detect(rng.integers(0, 255, (200, width, 3), dtype=np.uint8))
        assert (found.xyxy_px[:, 2] <= width).all()


def test_a_view_is_as_good_as_a_copy(engine: OpenVinoEngine) -> None:
    """A strided view of a larger array gives what its copy gives."""
    rng = np.random.default_rng(4)
    large = rng.integers(0, 255, (180, 640, 3), dtype=np.uint8)
    view = large[:, ::2]
    np.testing.assert_array_equal(engine.detect(view).score, engine.detect(view.copy()).score)


@pytest.mark.parametrize(
    "wrong", [np.zeros((9, 9), np.uint8), np.zeros((9, 9, 3), np.float32), np.zeros((0, 9, 3), np.uint8)]
)
def test_what_is_no_picture_is_refused(engine: OpenVinoEngine, wrong: np.ndarray) -> None:
    """Grey, float or empty arrays are named by shape and type."""
    with pytest.raises(DetectorError, match="uint8 BGR"):
        engine.detect(wrong)


def test_an_odd_input_size_is_refused() -> None:
    """The input's longer side is a multiple of 32."""
    with pytest.raises(ModelUnusable, match="multiple of 32"):
        OpenVinoEngine(SHIPPED, long_side_px=333)


def test_altered_weights_are_refused(tmp_path: Path) -> None:
    """One changed byte in the weights keeps the engine from loading."""
    folder = tmp_path / "model"
    shutil.copytree(SHIPPED, folder)
    manifest = load_manifest(folder)
    weights = folder / manifest.file_with(".bin", precision=manifest.precision)
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x00\x01")
    with pytest.raises(ModelUnusable, match="sha256"):
        OpenVinoEngine(folder)


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    """Bytes that match the manifest but are no network give our error, with the remedy."""
    manifest = load_manifest(SHIPPED)
    digests = {}
    for name in manifest.sha256:
        (tmp_path / name).write_bytes(b"not a network")
        digests[name] = sha256_of(tmp_path / name)
    (tmp_path / MANIFEST_NAME).write_text(dump_manifest(replace(manifest, sha256=digests)))
    with pytest.raises(ModelUnusable, match="export the model again"):
        OpenVinoEngine(tmp_path)


PROGRAMS = {
    "stays clear of torch and ultralytics": "sys.exit(bool({'torch', 'ultralytics'} & set(sys.modules)))",
    "uses the silent stand-in for telemetry": "from openvino.tools.ovc.telemetry_utils import tm; "
    "sys.exit(tm.__name__ != 'openvino.tools.ovc.telemetry_stub')",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_what_importing_the_engine_brings_along(program: str) -> None:
    """The product's engine stays clear of the training libraries and of telemetry."""
    command = [sys.executable, "-c", f"import sys, detectors.openvino_engine; {program}"]
    assert subprocess.run(command, check=False, timeout=60).returncode == 0  # noqa: S603 - our own interpreter


REAL = Path(__file__).parents[3] / "shared" / "data" / "train" / "images"


def test_a_network_that_ends_otherwise_is_refused() -> None:
    """Scores are asked for before boxes: what does not end in the two cannot be used."""
    pixels = ov.opset13.parameter([1, 3, 32, 32], np.float32)
    with pytest.raises(ModelUnusable, match="boxes and scores"):
        in_halves(ov.Model([ov.opset13.relu(pixels)], [pixels]))


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="shared pictures are absent")
def test_it_finds_the_cones_of_a_real_street() -> None:
    """On most training pictures of cones at least one is found: the right network, fed the right way."""
    engine = OpenVinoEngine(SHIPPED, long_side_px=640)
    pictures = sorted(REAL.glob("fatima__*"))[::60]
    found = [1 in engine.detect(np.asarray(cv2.imread(str(path)), dtype=np.uint8)).class_id for path in pictures]
    assert np.mean(found) >= 0.6
