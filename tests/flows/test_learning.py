"""Harvest and rollback as commands, and the site's model named through its register."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from detectors.model_folder import SHIPPED
from detectors.models_register import PROMOTED, Entry, enter
from flows.assembly import model_folder
from flows.cli import main
from pipeline.site import read_site

if TYPE_CHECKING:
    from pathlib import Path


def run(*arguments: object) -> int:
    """Exit code of the command."""
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A new site."""
    assert run("init", tmp_path / "site") == 0
    return tmp_path / "site"


def test_a_site_without_decisions_harvests_nothing(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Version 0 and no picture; a folder that cannot be made is named."""
    assert run("detectors", "harvest", "--out", site / "set", "--site", site) == 0
    assert "version 0, 0 pictures added" in capsys.readouterr().out
    assert run("detectors", "harvest", "--out", site / "site.toml", "--site", site) == 2
    assert "site.toml" in capsys.readouterr().err


def test_rollback_puts_the_models_back_in_one_command(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a register the setting is named; with one, the promoted model serves until it is taken back."""
    assert run("detectors", "rollback", "--why", "test", "--site", site) == 2
    assert "model.models" in capsys.readouterr().err
    text = (site / "site.toml").read_text()
    (site / "site.toml").write_text(text + '\n[model]\nmodels = "models"\n')
    assert model_folder(read_site(site)) == SHIPPED
    candidate = shutil.copytree(SHIPPED, site / "made")
    version = enter(site / "models", candidate, Entry(what=PROMOTED, model="", at_s=1.0, who="li", why="test"))
    assert model_folder(read_site(site)) == version
    assert run("detectors", "rollback", "--why", "too loud at night", "--site", site) == 0
    assert "in service again" in capsys.readouterr().out
    assert model_folder(read_site(site)) == SHIPPED
    assert run("detectors", "rollback", "--why", "again", "--site", site) == 2
    assert "nothing to go back to" in capsys.readouterr().err
