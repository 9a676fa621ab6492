"""Rule packs: every value in the file reaches the rule, and two rows of one offence are never in force together."""

from __future__ import annotations

from dataclasses import fields
from importlib import resources
from typing import TYPE_CHECKING

import pytest

from geofences.zone import ZoneKind
from pipeline.domain.offence import Offence
from pipeline.domain.rule import Persistence
from pipeline.errors import BadInput
from pipeline.rule_pack import read_rules

if TYPE_CHECKING:
    from pathlib import Path

PACK = """
name = "test"

[[rule]]
rule_id = "r"
version = 2
offence = "dust"
zone_kinds = ["construction_site", "road"]
merge_distance_m = 8.0
merge_window_s = 60.0
statute = "§"
event_code = "03-04"
valid_from = 2026-01-01T00:00:00+08:00
valid_until = 2026-02-01T00:00:00+08:00
source = "test"
fixed = { min_hits = 2, min_share = 0.3, min_dwell_s = 4.0, min_peak_score = 0.5 }
drone = { min_hits = 6 }
stills = { min_hits = 2 }
"""


def test_every_value_reaches_the_rule(tmp_path: Path) -> None:
    """What the file says is what the judgement is given, no field left at its default by oversight."""
    path = tmp_path / "rules.toml"
    path.write_text(PACK, encoding="utf-8")
    (rule,) = read_rules(path)
    assert (rule.rule_id, rule.version, rule.offence) == ("r", 2, Offence.DUST)
    assert rule.zone_kinds == {ZoneKind.CONSTRUCTION_SITE, ZoneKind.ROAD}
    assert rule.fixed == Persistence(min_hits=2, min_share=0.3, min_dwell_s=4.0, min_peak_score=0.5)
    assert all(getattr(rule.fixed, field.name) for field in fields(Persistence))
    assert rule.drone == Persistence(min_hits=6, min_share=0.0, min_dwell_s=0.0)
    assert rule.stills == Persistence(min_hits=2, min_share=0.0, min_dwell_s=0.0)
    assert rule.valid_from_s == 1_767_196_800.0


def test_two_rows_in_force_together_are_refused(tmp_path: Path) -> None:
    """Overlapping validity of one offence is named; rows that follow each other are fine."""
    path = tmp_path / "rules.toml"
    rule = PACK.split("\n\n", 1)[1]
    path.write_text(PACK + rule, encoding="utf-8")
    with pytest.raises(BadInput, match="in force together"):
        read_rules(path)
    later = rule.replace("2026-02-01", "2026-03-01").replace("2026-01-01", "2026-02-01")
    path.write_text(PACK + later, encoding="utf-8")
    assert len(read_rules(path)) == 2


def test_the_shipped_pack_covers_every_offence_on_each_day() -> None:
    """Each offence has exactly one row in force before and after the Code took effect, with statute and source."""
    with resources.as_file(resources.files("pipeline") / "packs" / "gongshu.toml") as path:
        rules = read_rules(path)
    for at_s in (1_780_000_000.0, 1_793_584_800.0):
        assert sorted(rule.offence for rule in rules if rule.in_force(at_s)) == sorted(Offence)
    assert all(rule.statute and rule.source and rule.event_code for rule in rules)
