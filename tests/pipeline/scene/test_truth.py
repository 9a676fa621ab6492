"""The truth is kept whole, and apart."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.scene.errors import TruthFileError
from pipeline.scene.truth import read_truth, write_truth

if TYPE_CHECKING:
    from pipeline.scene.world import World

ROOT = Path(__file__).parents[3]
IMPORTS_SCENE = re.compile(r"^\s*(from|import) +pipeline(\.scene\b| +import\b.*\bscene\b)", re.MULTILINE)


def test_truth_survives_its_file(world: World, tmp_path: Path) -> None:
    """What is written is what is read."""
    write_truth(tmp_path / "truth.json", world.planted)
    assert read_truth(tmp_path / "truth.json") == world.planted


@pytest.mark.parametrize("text", ["", "{}", '{"planted": [{}]}', '{"planted": 3}', "[]"])
def test_what_is_no_truth_file_is_refused(text: str, tmp_path: Path) -> None:
    """A broken file is named in the error."""
    (tmp_path / "truth.json").write_text(text, encoding="utf-8")
    with pytest.raises(TruthFileError, match=r"truth\.json"):
        read_truth(tmp_path / "truth.json")


def test_nothing_that_detects_or_judges_reads_the_truth() -> None:
    """Only the scene itself, and what assembles or scores the demo, may import it."""
    for room in ("detectors", "flights", "geofences", "pipeline"):
        for path in (ROOT / room).rglob("*.py"):
            if (ROOT / "pipeline/scene") not in path.parents:
                assert not IMPORTS_SCENE.search(path.read_text("utf-8", errors="replace")), path


@pytest.mark.parametrize(
    "line",
    ["from pipeline.scene.truth import read_truth", "    import pipeline.scene", "from pipeline import run, scene"],
)
def test_an_import_of_the_scene_is_known_when_seen(line: str) -> None:
    """The pattern above finds every way to write one, in text that may not even parse."""
    assert IMPORTS_SCENE.search(f"def broken(\n{line}\n")
    assert not IMPORTS_SCENE.search(line.replace("scene", "scenery").replace("pipeline", "pipelines"))
