"""The evaluation command."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from detectors import evaluation
from detectors.detections import Detections, ModelIdentity
from detectors.picture_folder import LabelledPicture
from flows.cli import main

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


def seen(labelled: LabelledPicture, *classes: int) -> evaluation.Seen:
    """The picture as a 100 px square with whole-picture finds."""
    detections = found(*classes)
    return evaluation.Seen(
        picture=labelled,
        input_px=100,
        truth_px=labelled.xyxy_share * 100,
        found=replace(detections, xyxy_px=detections.xyxy_px * 100),
    )


def test_a_class_that_was_not_looked_for_is_left_out() -> None:
    """A cone found where nobody looked for cones is neither right nor wrong."""
    looks = [seen(picture("a", [0], {0}), 0, 1), seen(picture("b", [1], {1}), 1), seen(picture("b", [], {1}))]
    rows = evaluation.evaluate(looks, thresholds=[0.5] * 4, iou_at_least=0.5)
    by_key = {(row.class_name, row.part, row.iou_at_least): row.figures for row in rows}
    cones = by_key["traffic_cone", "*", 0.5]
    assert (cones.pictures, cones.objects, cones.false_alarms, cones.recall) == (2, 1, 0, 1.0)
    assert by_key["dust", "source a", 0.3].average_precision == pytest.approx(1.0)
    assert ("traffic_cone", "source a", 0.5) not in by_key
    assert by_key["cooking_fumes", "*", 0.5].pictures == 0
    assert (by_key["traffic_cone", "size large", 0.5].objects, by_key["traffic_cone", "size small", 0.5].objects) == (
        1,
        0,
    )


def test_plumes_called_by_the_wrong_name_are_counted_as_such() -> None:
    """A dust plume called fumes is found, but under the wrong name; one not found is neither."""
    looks = [seen(picture("a", [0], {0}), 3), seen(picture("a", [0], {0}), 0), seen(picture("a", [0], {0}))]
    calls = {(call.class_name, call.part): call for call in evaluation.call_plumes(looks, thresholds=[0.5] * 4)}
    dust = calls["dust", "*"]
    assert (dust.labelled, dust.called_dust, dust.called_fumes) == (3, 1, 1)


def test_alarms_count_classes_that_were_looked_for() -> None:
    """Two alarms in one negative are one alarmed picture; a box of a class nobody looked for is told apart."""
    looks = [seen(picture("a", [], {0, 1}), 0, 1), seen(picture("a", [], {0}), 2), seen(picture("a", [1], {1}), 0)]
    alarms = evaluation.count_alarms(looks, thresholds=[0.5] * 4)
    assert (alarms.pictures, alarms.alarmed, alarms.alarmed_even_unlooked) == (2, 1, 2)
    assert alarms.alarms_per_picture == pytest.approx(1.0)
    assert alarms.alarmed_by_class["dust"] == (1, 2)


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
    """A folder called heldout: a picture with a cone that is not there, a broken picture, a broken label file."""
    folder = tmp_path / "heldout"
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True)
    rng = np.random.default_rng(3)
    for name in ("road__1", "road__2"):
        cv2.imwrite(str(folder / "images" / f"{name}.png"), rng.integers(90, 130, (64, 96, 3), dtype=np.uint8))
    (folder / "images" / "road__3.png").write_bytes(b"no picture")
    (folder / "labels" / "road__1.txt").write_text("1 .5 .5 .2 .4\n")
    (folder / "labels" / "road__2.txt").write_text("cone\n")
    return folder


def command(*arguments: object) -> int:
    """Exit code of `offsite detectors eval`."""
    with pytest.raises(SystemExit) as ended:
        main(["detectors", "eval", *map(str, arguments)])
    return int(ended.value.code or 0)


def test_the_command_reports_logs_and_goes_on_past_faults(
    labelled_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Table, JSON and page are made of the good picture; both bad ones are named; the held-out run is written down."""
    monkeypatch.chdir(tmp_path)
    report, page = tmp_path / "report.json", tmp_path / "report.html"
    more = ("--json", report, "--report", page, "--input-px", 320, "--train", labelled_folder)
    assert command(labelled_folder, *more) == 0
    said = capsys.readouterr().out
    assert "traffic_cone" in said
    assert "road__2.txt line 1" in said
    assert "road__3.png" in said
    written = json.loads(report.read_text())
    logged = [json.loads(line) for line in (tmp_path / evaluation.RUN_LOG).read_text().splitlines()]
    assert [entry["weights_sha256"] for entry in logged] == [written["weights_sha256"]]
    assert (written["pictures"], len(written["faults"]), len(written["twins"])) == (1, 2, 1)
    html = page.read_text()
    assert "漏检 · missed (1)" in html
    assert "http" not in html
    assert html.count("<svg") == 4
    assert html.count("data:image/") >= 1


def test_a_folder_of_another_layout_is_a_plain_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2 and one line that says what was expected."""
    assert command(tmp_path) == 2
    assert "images/ and labels/" in capsys.readouterr().err
