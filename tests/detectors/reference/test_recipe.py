"""Recipes and the validation split."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from detectors.errors import DatasetError
from detectors.picture_folder import LabelledPicture
from detectors.reference.recipe import check_manifest, read_recipe, scene_group, split_off_validation

RECIPES = Path(__file__).parents[3] / "detectors" / "reference" / "recipes"


@pytest.mark.parametrize("name", ["real.toml", "scene.toml", "streets.toml"])
def test_the_shipped_recipes_are_whole(name: str) -> None:
    """Each recipe is read, and its input is a multiple of the network's stride."""
    recipe = read_recipe(RECIPES / name)
    assert recipe.input_px % 32 == 0
    assert len(recipe.manifest_sha256) == 64


@pytest.mark.parametrize(
    "text", ['name = "x"', 'name = "x"\nseed = 1\nepochs = 1\ninput_px = 32\nlearning = 2', "name = "]
)
def test_a_wrong_recipe_names_the_file(tmp_path: Path, text: str) -> None:
    """Missing and unknown fields and broken TOML are refused."""
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(DatasetError, match=r"wrong\.toml"):
        read_recipe(path)


def test_another_data_set_is_refused(tmp_path: Path) -> None:
    """A recipe is tied to the manifest it was written for."""
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("file\n")
    with pytest.raises(DatasetError, match="sha256"):
        check_manifest(read_recipe(RECIPES / "real.toml"), manifest)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("fire8_smoke__fire2_mp4-72_jpg.rf.48c4.jpg", "fire8_smoke__fire2_mp4-79_jpg.rf.82c4.jpg", True),
        ("fire8_smoke__img_911_jpg.rf.42.jpg", "fire8_neg__img_900_jpg.rf.43.jpg", True),
        ("fire8_smoke__img_911_jpg.rf.42.jpg", "fire8_smoke__img_100_jpg.rf.43.jpg", False),
        ("syn_fumes__IMG_0004_240.jpg", "vnsign__IMG_0004.jpg", True),
        ("comp_dust__029_33.jpg", "comp_dust__029_70.jpg", True),
        ("comp_dust__029_33.jpg", "comp_dust__061_60.jpg", False),
        ("scene_1003_001.jpg", "scene_1003_014.jpg", True),
        ("scene_1003_001.jpg", "scene_1004_001.jpg", False),
    ],
)
def test_pictures_of_one_scene_share_a_group(first: str, second: str, *, same: bool) -> None:
    """Frames, copies and composites over one background belong together."""
    assert (scene_group(first) == scene_group(second)) is same


def test_the_split_is_by_group_and_by_name_alone() -> None:
    """No group is on both sides, the share is about right, and order does not matter."""
    pictures = tuple(
        LabelledPicture(
            path=Path(f"scene_{world}_{frame}.jpg"),
            source="scene",
            class_id=np.zeros(0, np.int64),
            xyxy_share=np.zeros((0, 4)),
            verified=frozenset(),
        )
        for world in range(300)
        for frame in range(3)
    )
    train, held = split_off_validation(pictures, 0.1)
    assert {scene_group(p.path.name) for p in train}.isdisjoint(scene_group(p.path.name) for p in held)
    assert 0.05 < len(held) / len(pictures) < 0.16
    again = split_off_validation(pictures[::-1], 0.1)[1]
    assert {p.path for p in again} == {p.path for p in held}
