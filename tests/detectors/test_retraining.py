"""A candidate goes into service only if no figure gets worse, and comes out again in one step."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors import evaluation, models_register, promotion
from detectors.detections import CLASS_NAMES, Detections, ModelIdentity
from detectors.errors import DatasetError, ModelUnusable
from detectors.evaluation import Seen
from detectors.model_folder import SHIPPED, dump_manifest, load_manifest
from detectors.models_register import PROMOTED, Entry, enter, in_service, read_register, roll_back
from detectors.picture_folder import LabelledPicture
from detectors.promotion import QUIET, compare
from detectors.retraining import Retraining, retrain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

THRESHOLDS = [0.5] * 4


@pytest.fixture(autouse=True, scope="module")
def few_draws() -> Iterator[None]:
    """A bootstrap of fewer draws: the pictures are all alike."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(promotion, "DRAWS", 60)
        patch.setattr(evaluation, "DRAWS", 20)
        yield


WHO = {"at_s": 1.0, "who": "li", "why": "test"}


def street(path_of: Path, hits: list[bool], *, negatives: list[bool] | None = None) -> list[Seen]:
    """Pictures with one box of each class, found where `hits` says; then negatives, alarmed where it says."""
    looked = []
    for number, found in enumerate([*hits, *(negatives or [False] * 10)]):
        empty = number >= len(hits)
        ids = np.arange(4)
        box = np.tile([10.0, 10.0, 50.0, 50.0], (4, 1))
        labelled = LabelledPicture(
            path=path_of / f"{number}.jpg",
            source="s",
            class_id=np.zeros(0, np.int64) if empty else ids,
            xyxy_share=(box[:0] if empty else box) / 100,
            verified=frozenset(range(4)),
            kind="negative" if empty else "",
        )
        seen = Detections(
            xyxy_px=box,
            score=np.full(4, 0.9 if found else 0.1),
            class_id=ids,
            model=ModelIdentity(name="hand", weights_sha256=""),
        )
        seen = seen.keep(seen.score > 0.5)
        looked.append(Seen(picture=labelled, input_px=100, truth_px=labelled.xyxy_share * 100, found=seen))
    return looked


def worse(old: list[Seen], new: list[Seen]) -> set[str]:
    """What speaks against the candidate."""
    return {change.name for change in compare((old, THRESHOLDS), (new, THRESHOLDS)) if change.worse}


@settings(max_examples=4, deadline=None)
@given(st.lists(st.booleans(), min_size=12, max_size=30), st.integers(0, 29))
def test_finding_more_is_never_worse_and_much_less_always_is(
    tmp_path_factory: pytest.TempPathFactory, hits: list[bool], extra: int
) -> None:
    """A model against itself or one that finds one more passes; one that finds a tenth less does not."""
    place = tmp_path_factory.getbasetemp()
    more = [hit or number == extra % len(hits) for number, hit in enumerate(hits)]
    assert worse(street(place, hits), street(place, hits)) == set()
    assert worse(street(place, hits), street(place, more)) == set()
    if more != hits:
        assert worse(street(place, more), street(place, hits)) == set(CLASS_NAMES)


def test_more_alarms_and_too_few_objects_speak_against_a_candidate(tmp_path: Path) -> None:
    """A louder model is worse whatever it finds; a class with nine boxes cannot be judged."""
    calm, loud = [False] * 20, [True] * 3 + [False] * 17
    hits = [True] * 12
    assert worse(street(tmp_path, hits, negatives=calm), street(tmp_path, hits, negatives=loud)) == {QUIET}
    assert worse(street(tmp_path, hits[:9]), street(tmp_path, hits[:9])) == set(CLASS_NAMES)


def model(folder: Path, name: str) -> Path:
    """The shipped weights under another name, for tiny pictures."""
    shutil.copytree(SHIPPED, folder)
    manifest = replace(load_manifest(SHIPPED), name=name, input_px=64)
    (folder / "manifest.json").write_text(dump_manifest(manifest))
    return folder


def test_the_register_says_what_is_in_service(tmp_path: Path) -> None:
    """Promoted twice and refused once: the last promoted serves; each step back undoes one promotion."""
    register, candidate = tmp_path / "models", model(tmp_path / "made", "street")
    first = enter(register, candidate, Entry(what=PROMOTED, model="", **WHO))
    second = enter(register, candidate, Entry(what=PROMOTED, model="", **WHO))
    enter(register, candidate, Entry(what="refused", model="", **WHO))
    assert (first.name, in_service(register, SHIPPED)) == ("v0001-street", second)
    assert roll_back(register, SHIPPED, **WHO) == first == in_service(register, SHIPPED)
    assert roll_back(register, SHIPPED, **WHO) == SHIPPED == in_service(register, SHIPPED)
    with pytest.raises(ModelUnusable, match="nothing to go back to"):
        roll_back(register, SHIPPED, **WHO)
    assert [entry.what for entry in read_register(register)] == [
        "promoted",
        "promoted",
        "refused",
        "rolled_back",
        "rolled_back",
    ]


def test_an_altered_register_or_model_is_refused(tmp_path: Path) -> None:
    """A changed line shows at the next; a version whose weights were altered is not put back."""
    register, candidate = tmp_path / "models", model(tmp_path / "made", "street")
    first = enter(register, candidate, Entry(what=PROMOTED, model="", **WHO))
    enter(register, candidate, Entry(what=PROMOTED, model="", **WHO))
    (first / "offsite-v8n.bin").write_bytes(b"other")
    with pytest.raises(ModelUnusable, match="sha256"):
        roll_back(register, SHIPPED, **WHO)
    path = register / models_register.REGISTER_NAME
    path.write_text(path.read_text().replace('"li"', '"wang"', 1))
    with pytest.raises(ModelUnusable, match="line 2"):
        in_service(register, SHIPPED)


@pytest.fixture
def job(tmp_path: Path) -> Retraining:
    """Ten pictures of noise to judge on, each with a box of every class, one to learn from, and a recipe."""
    rng = np.random.default_rng(2)
    for name, count in (("judge", 10), ("learn", 1)):
        for part in ("images", "labels"):
            (tmp_path / name / part).mkdir(parents=True)
        for number in range(count):
            noise = rng.integers(0, 255, (32, 32, 3), dtype=np.uint8)
            cv2.imwrite(str(tmp_path / name / "images" / f"{number}.png"), noise)
            label = "".join(f"{class_id} .5 .5 .4 .4\n" for class_id in range(4))
            (tmp_path / name / "labels" / f"{number}.txt").write_text(label)
    (tmp_path / "recipe.toml").write_text('name = "tiny"\nseed = 1\nepochs = 1\ninput_px = 64\n')
    return Retraining(
        recipe=tmp_path / "recipe.toml",
        pictures=(tmp_path / "learn",),
        judged_on=tmp_path / "judge",
        register=tmp_path / "models",
        first=model(tmp_path / "first", "first"),
        run=tmp_path / "run",
        who="li",
        why="first harvest",
    )


def test_a_candidate_as_good_is_promoted_with_its_lineage(job: Retraining, tmp_path: Path) -> None:
    """The trainer is given the model in service; what it makes is judged, kept, and says where it comes from."""
    given_to_trainer = []

    def train(_job: Retraining, service: Path) -> Path:
        given_to_trainer.append(service)
        return model(tmp_path / f"made{len(given_to_trainer)}", "street")

    done = retrain(job, now_s=5.0, train=train)
    assert done.promoted
    assert [change.name for change in done.changes] == [*CLASS_NAMES, QUIET]
    assert in_service(job.register, job.first) == done.version
    (entry,) = read_register(job.register)
    assert (entry.who, entry.why, entry.at_s, entry.lineage["from"]) == ("li", "first harvest", 5.0, "first")
    assert set(entry.figures) == {*CLASS_NAMES, QUIET}
    assert given_to_trainer == [job.first]


def test_a_class_without_pictures_stops_a_promotion(job: Retraining, tmp_path: Path) -> None:
    """Judged on pictures without dust, the candidate is kept as refused, and the old model serves on."""
    for path in (job.judged_on / "labels").glob("*.txt"):
        path.write_text("".join(line for line in path.read_text().splitlines(keepends=True) if line[0] != "0"))
    done = retrain(job, now_s=5.0, train=lambda _job, _service: model(tmp_path / "made", "street"))
    assert not done.promoted
    assert [change.name for change in done.changes if change.worse] == ["dust"]
    assert in_service(job.register, job.first) == job.first
    assert json.loads((job.register / models_register.REGISTER_NAME).read_text())["what"] == "refused"


def test_pictures_learnt_from_are_not_judged_on(job: Retraining) -> None:
    """One shared picture, under whatever name, stops it before any training."""
    shutil.copyfile(job.judged_on / "images" / "3.png", job.pictures[0] / "images" / "other.png")
    with pytest.raises(DatasetError, match="kept apart"):
        retrain(job, now_s=5.0, train=lambda job, _service: job.first)
