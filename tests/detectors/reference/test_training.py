"""Training, resuming and exporting, end to end on a handful of drawn pictures."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from detectors.model_folder import SHIPPED, load_manifest, verify_file
from detectors.models_register import read_register
from detectors.openvino_engine import OpenVinoEngine
from detectors.reference import export, training
from detectors.retraining import Retraining, retrain

if TYPE_CHECKING:
    from pathlib import Path

RECIPE = """
name = "tiny"
seed = 1
epochs = 2
input_px = 64
batch = 4
nominal_batch = 4
close_mosaic_epochs = 1
renderings_per_epoch = 2
validation_share = 0.3
leave_out = ["b"]
"""


def draw_folder(folder: Path, names: list[str]) -> Path:
    """Pictures with one orange triangle each, labelled as a cone."""
    (folder / "images").mkdir(parents=True)
    (folder / "labels").mkdir()
    for name in names:
        picture = np.full((96, 128, 3), 100, np.uint8)
        cv2.fillPoly(picture, [np.array([[50, 70], [78, 70], [64, 20]])], (30, 95, 245))
        cv2.imwrite(str(folder / "images" / f"{name}.png"), picture)
        (folder / "labels" / f"{name}.txt").write_text("1 0.5 0.47 0.22 0.52\n")
    return folder


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set, renderings and a recipe."""
    place = tmp_path_factory.mktemp("training")
    names = [*(f"a__{letter}" for letter in "abcdefghijkl"), "b__a", "b__b"]
    draw_folder(place / "train", names)
    draw_folder(place / "renderings", ["scene_1_000", "scene_2_000", "scene_3_000"])
    rows = "".join(f"train,{name}.png,1\n" for name in names)
    (place / "manifest.csv").write_text(f"split,file,verified\n{rows}")
    (place / "recipe.toml").write_text(RECIPE)
    return place


def train(place: Path, *more: str) -> None:
    """Run the command on the drawn pictures, starting from the shipped weights."""
    start = verify_file(SHIPPED, load_manifest(SHIPPED), load_manifest(SHIPPED).file_with(".pt"))
    folders = [
        "--pictures",
        str(place / "train"),
        "--renderings",
        str(place / "renderings"),
        "--run",
        str(place / "run"),
    ]
    assert training.main([str(place / "recipe.toml"), "--start", str(start), *folders, *more]) == 0


@pytest.mark.peers
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # ultralytics' exporter traces
def test_a_run_can_be_broken_off_resumed_and_exported(place: Path) -> None:
    """Two epochs leave two lines of figures; set back by one it goes on from there; its export can be loaded."""
    train(place)
    weights = place / "run" / "weights"
    shutil.copyfile(weights / "epoch0.pt", weights / "last.pt")
    train(place, "--resume")
    lines = [json.loads(line) for line in (place / "run" / "epochs.jsonl").read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2, 2]
    assert {"real/traffic_cone", "new/traffic_cone"} <= lines[0].keys()
    arguments = [str(weights / "last.pt"), str(place / "model"), "--recipe", str(place / "recipe.toml")]
    assert export.main([*arguments, "--input-px", "128", "--pictures", str(place / "train")]) == 0
    found = OpenVinoEngine(place / "model", score_floor=0.01).detect(np.full((96, 128, 3), 90, np.uint8))
    assert found.model.name == "tiny"


@pytest.mark.peers
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # as above
def test_a_retraining_trains_exports_judges_and_enters_the_register(place: Path) -> None:
    """From the shipped model on two folders: judged on pictures of cones alone, the candidate is kept, not promoted."""
    draw_folder(place / "harvest" / "train", [f"harvest__cam_1-{letter}" for letter in "ab"])
    judged = draw_folder(place / "judge", ["j__a"])
    cv2.imwrite(str(judged / "images" / "j__a.png"), np.full((96, 128, 3), 60, np.uint8))
    job = Retraining(
        recipe=place / "recipe.toml",
        pictures=(place / "train", place / "harvest" / "train"),
        judged_on=judged,
        register=place / "models",
        first=SHIPPED,
        run=place / "retrained",
        who="li",
        why="test",
    )
    done = retrain(job, now_s=1.0)
    assert not done.promoted
    (entry,) = read_register(job.register)
    assert entry.model == done.version.name == "v0001-tiny"
    assert load_manifest(done.version).training["note"].startswith("retrained from offsite-v8n")
    assert load_manifest(done.version).alarm_budget == 0.03
