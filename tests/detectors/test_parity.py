"""Our engines say what ultralytics' own path says of the same weights, and the INT8 form nearly so."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import torch

from detectors import boxes, scoring
from detectors.decode import RIVALS
from detectors.detections import CLASS_NAMES, Detections, ModelIdentity
from detectors.errors import ModelUnusable
from detectors.evaluation import SCORE_FLOOR, detect_in_shares, looks_of
from detectors.model_folder import INT8_MARK, SHIPPED, load_manifest
from detectors.openvino_engine import OpenVinoEngine
from detectors.picture_folder import LabelledPicture, read_picture_folder
from detectors.reference.export import add_int8
from detectors.reference.recipe import Recipe, split_off_validation
from detectors.torch_engine import open_torch_engine

from ultralytics import YOLO  # isort: skip

if TYPE_CHECKING:
    from detectors.detections import Engine

REAL = Path(__file__).parents[3] / "shared" / "data" / "train" / "images"
SHIPS_INT8 = any(name.endswith(f"{INT8_MARK}.xml") for name in load_manifest(SHIPPED).sha256)
MARGIN = 0.06
"""Scores differ by bfloat16's rounding; boxes this close to the floor may be seen by one engine only."""


def cone_street() -> np.ndarray:
    """The picture the tests draw."""
    spec = importlib.util.spec_from_file_location("pictures", Path(__file__).parent / "pictures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    picture: np.ndarray = module.cone_street()
    return picture


FLOOR = 0.25


class Reference:
    """The shipped checkpoint through ultralytics' own letterbox, network and suppression."""

    model = ModelIdentity(name="ultralytics", weights_sha256="")

    def __init__(self) -> None:
        self._manifest = load_manifest(SHIPPED)
        self._network = YOLO(SHIPPED / self._manifest.file_with(".pt"), task="detect")

    def detect(self, image_bgr: np.ndarray) -> Detections:
        """What it finds, of dust and fumes in one place the surer one."""
        iou = self._manifest.nms_iou
        asked = {"imgsz": 640, "conf": FLOOR, "iou": iou, "device": "cpu", "verbose": False}
        said = self._network.predict(image_bgr, **asked)[0].boxes
        found = Detections(
            xyxy_px=said.xyxy.numpy(),
            score=said.conf.numpy(),
            class_id=said.cls.numpy().astype(np.int64),
            model=self.model,
        )
        kept = boxes.suppress(found.xyxy_px, found.score, RIVALS[found.class_id], iou_above=iou)
        return found.keep(np.isin(np.arange(len(found)), kept))


@pytest.fixture(scope="module")
def reference() -> Reference:
    """Loaded once."""
    return Reference()


@pytest.fixture(scope="module", params=["openvino", "torch"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each of our engines over the same floating-point weights, at one input size and a low floor."""
    if request.param == "torch":
        return open_torch_engine(SHIPPED, long_side_px=640, score_floor=FLOOR, device="cpu")
    return OpenVinoEngine(SHIPPED, long_side_px=640, score_floor=FLOOR, precision="bf16")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_refused() -> None:
    """The message names the field and the remedy."""
    with pytest.raises(ModelUnusable, match=r"\[model\] device is 'cuda'.*install the CUDA build"):
        open_torch_engine(SHIPPED, device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_half_precision_on_a_gpu_agrees(reference: Reference) -> None:
    """The same cones as ultralytics finds in float32."""
    assert_same(open_torch_engine(SHIPPED, score_floor=FLOOR).detect(cone_street()), reference.detect(cone_street()))


def assert_same(first: Detections, second: Detections) -> None:
    """Every sure box of one has its like in the other: same class, overlap above 0.9, score within the margin."""
    for one, other in ((first, second), (second, first)):
        sure = one.keep(one.score >= FLOOR + MARGIN)
        overlap = boxes.iou(sure.xyxy_px, other.xyxy_px) * (sure.class_id[:, None] == other.class_id[None, :])
        for row in range(len(sure)):
            assert overlap[row].max(initial=0.0) > 0.9
            assert abs(other.score[int(np.argmax(overlap[row]))] - sure.score[row]) < MARGIN


def test_an_engine_agrees_with_ultralytics_on_a_drawn_picture(engine: Engine, reference: Reference) -> None:
    """Three drawn cones: the same boxes, at least one of them."""
    found = engine.detect(cone_street())
    assert_same(found, reference.detect(cone_street()))
    assert 1 in found.class_id


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="shared pictures are absent")
def test_an_engine_agrees_with_ultralytics_on_real_pictures(engine: Engine, reference: Reference) -> None:
    """A dozen pictures of all sizes and classes: the same boxes."""
    for path in sorted(REAL.glob("*.jpg"))[::200]:
        picture = np.asarray(cv2.imread(str(path)), dtype=np.uint8)
        assert_same(engine.detect(picture), reference.detect(picture))


@pytest.fixture(scope="module")
def int8_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped model if it has an INT8 form, else a copy that is given one, calibrated on four drawn pictures."""
    manifest = load_manifest(SHIPPED)
    if SHIPS_INT8:
        return SHIPPED
    folder = Path(shutil.copytree(SHIPPED, tmp_path_factory.mktemp("int8") / "model"))
    (folder / "images").mkdir()
    (folder / "labels").mkdir()
    for number in range(4):
        cv2.imwrite(str(folder / "images" / f"{number}.png"), np.roll(cone_street(), 60 * number, axis=1))
    add_int8(folder, manifest, read_picture_folder(folder))
    return folder


def test_int8_finds_the_drawn_cones(int8_folder: Path) -> None:
    """Both forms find the same three cones, scores within a tenth; the manifest's precision is the one used."""
    found = [
        OpenVinoEngine(int8_folder, long_side_px=640, score_floor=0.25, precision=form).detect(cone_street())
        for form in ("bf16", "int8")
    ]
    cones = [each.keep(each.class_id == 1) for each in found]
    overlap = boxes.iou(cones[0].xyxy_px, cones[1].xyxy_px)
    assert len(cones[0]) == len(cones[1])
    assert (overlap.max(axis=1) > 0.8).all()
    np.testing.assert_allclose(cones[1].score[overlap.argmax(axis=1)], cones[0].score, atol=0.1)
    assert found[1].model.weights_sha256 != found[0].model.weights_sha256


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="shared pictures are absent")
@pytest.mark.skipif(not SHIPS_INT8, reason="the shipped model has no INT8 form")
def test_int8_keeps_the_average_precision_on_real_pictures(int8_folder: Path) -> None:
    """On 25 validation pictures INT8 loses little AP50 and finds nine of ten boxes that FP32 is sure of."""
    recipe = Recipe(name="", seed=0, epochs=1, input_px=640)
    pictures = split_off_validation(read_picture_folder(REAL.parent), recipe.validation_share)[1][::9]
    full, small = (
        [detect_in_shares(engine, picture) for picture in pictures]
        for engine in (
            OpenVinoEngine(int8_folder, long_side_px=416, threads=2, score_floor=SCORE_FLOOR, precision=form)
            for form in ("bf16", "int8")
        )
    )
    lost = precision_of(full, pictures) - precision_of(small, pictures)
    assert lost.max() < 0.1
    assert lost.mean() < 0.04
    sure = [one.keep(one.score >= 0.4) for one in full]
    matched = [
        (boxes.iou(one.xyxy_px, other.xyxy_px) * (one.class_id[:, None] == other.class_id)).max(axis=1, initial=0.0)
        for one, other in zip(sure, (each.keep(each.score >= 0.2) for each in small), strict=True)
    ]
    assert np.mean(np.concatenate(matched) > 0.8) > 0.9


def precision_of(found: list[Detections], pictures: tuple[LabelledPicture, ...]) -> np.ndarray:
    """(classes,) average precision at half overlap."""
    each = [scoring.rank(looks_of(c, pictures, found), iou_at_least=0.5) for c in range(len(CLASS_NAMES))]
    return np.array([scoring.average_precision(ranked) for ranked in each])
