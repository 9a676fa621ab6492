"""The truth is kept whole, and apart."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from detectors.detections import CLASS_NAMES as DETECTED
from pipeline.scene.errors import TruthFileError
from pipeline.scene.truth import CLASS_NAMES, read_truth, write_truth

if TYPE_CHECKING:
    from pipeline.scene.world import World

ROOT = Path(__file__).parents[3]


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


def test_class_names_are_the_detectors() -> None:
    """Class ids in labels mean what they mean in detections."""
    assert CLASS_NAMES == DETECTED


def test_nothing_that_detects_or_judges_reads_the_truth() -> None:
    """Only the scene itself, and what assembles or scores the demo, may import it."""
    for room in ("detectors", "flights", "geofences", "pipeline"):
        for path in (ROOT / room).rglob("*.py"):
            if (ROOT / "pipeline/scene") not in path.parents:
                names = [n for node in ast.walk(ast.parse(path.read_text("utf-8"))) for n in imported(node)]
                assert not any(name.startswith("pipeline.scene") for name in names), path


def imported(node: ast.AST) -> list[str]:
    """The modules an import statement names."""
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
