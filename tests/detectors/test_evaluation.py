"""The evaluation command."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from detectors import evaluation
from detectors.detections import Detections, ModelIdentity
from detectors.picture_folder import LabelledPicture

MODEL = ModelIdentity(name="hand", weights_sha256="00")
WHOLE = [0.0, 0.0, 1.0, 1.0]


def picture(source: str, classes: list[int], verified: set[int]) -> LabelledPicture:
    """A picture labelled with one whole-picture box per class."""
    return LabelledPicture(
        path=Path(f"{source}__1.jpg"),
        source=source,
        class_id=np.array(classes, np.int64),
        xyxy_share=np.array([WHOLE] * len(classes), float).reshape(-1, 4),
        verified=frozenset(verified),
    )


def found(*classes: int) -> Detections:
    """One whole-picture detection per class, score 0.9."""
    return Detections(
        xyxy_px=np.array([WHOLE] * len(classes), np.float32).reshape(-1, 4),
        score=np.full(len(classes), 0.9, np.float32),
        class_id=np.array(classes, np.int64),
        model=MODEL,
    )


def test_a_class_that_was_not_looked_for_is_left_out() -> None:
    """A cone found where nobody looked for cones is neither right nor wrong."""
    pictures = [picture("a", [0], {0}), picture("b", [1], {1}), picture("b", [], {1})]
    rows = evaluation.evaluate(pictures, [found(0, 1), found(1), found()], thresholds=[0.5] * 4, iou_at_least=0.5)
    by_key = {(row.class_name, row.source): row.figures for row in rows}
    cones = by_key["traffic_cone", "*"]
    assert (cones.pictures, cones.objects, cones.false_alarms, cones.recall) == (2, 1, 0, 1.0)
    assert by_key["dust", "a"].average_precision == pytest.approx(1.0)
    assert ("traffic_cone", "a") not in by_key
    assert by_key["cooking_fumes", "*"].pictures == 0


class Wall:
    """An engine that sees one box in the upper left quarter."""

    model = MODEL

    def detect(self, image_bgr: np.ndarray) -> Detections:
        """The quarter, in pixels."""
        height, width = image_bgr.shape[:2]
        box = np.array([[0, 0, width / 2, height / 2]], np.float32)
        return Detections(xyxy_px=box, score=np.ones(1), class_id=np.ones(1), model=MODEL)


def test_boxes_become_shares_of_the_picture(tmp_path: Path) -> None:
    """Pixels of any picture size are compared with labels in shares."""
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), np.zeros((60, 200, 3), np.uint8))
    labelled = LabelledPicture(
        path=path, source="a", class_id=np.zeros(0, np.int64), xyxy_share=np.zeros((0, 4)), verified=frozenset({1})
    )
    shares = evaluation.detect_in_shares(Wall(), labelled)
    np.testing.assert_allclose(shares.xyxy_px, [[0, 0, 0.5, 0.5]])


@pytest.fixture
def labelled_folder(tmp_path: Path) -> Path:
    """A folder called heldout with one empty picture."""
    folder = tmp_path / "heldout"
    (folder / "images").mkdir(parents=True)
    cv2.imwrite(str(folder / "images" / "road__1.png"), np.full((64, 96, 3), 120, np.uint8))
    return folder


def test_opening_heldout_is_written_down(
    labelled_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command prints a table, writes the report, and leaves a line naming the weights."""
    monkeypatch.chdir(tmp_path)
    report = tmp_path / "report.json"
    assert evaluation.main([str(labelled_folder), "--json", str(report), "--input-px", "320"]) == 0
    assert "traffic_cone" in capsys.readouterr().out
    written = json.loads(report.read_text())
    logged = [json.loads(line) for line in (tmp_path / evaluation.RUN_LOG).read_text().splitlines()]
    assert [entry["weights_sha256"] for entry in logged] == [written["weights_sha256"]]
    assert written["pictures"] == 1


def test_a_folder_without_pictures_is_a_plain_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2 and one line that says what was expected."""
    assert evaluation.main([str(tmp_path)]) == 2
    assert "images/" in capsys.readouterr().err
