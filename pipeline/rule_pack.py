"""Rule packs: the site's rules as versioned data in one TOML file."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import Field, field_validator

from geofences.zone import ZoneKind
from pipeline.domain.offence import Offence
from pipeline.domain.rule import Persistence, Rule
from pipeline.errors import BadInput
from pipeline.toml_file import Entry, read_toml

if TYPE_CHECKING:
    from pathlib import Path


class PersistenceEntry(Entry):
    """How long and how steadily a thing must be seen."""

    min_hits: int = Field(ge=1, description="frames it must be seen in")
    min_share: float = Field(default=0.0, ge=0, le=1, description="as a share of the frames while it was followed")
    min_dwell_s: float = Field(default=0.0, ge=0, description="between first and last sight")
    min_peak_score: float = Field(default=0.0, ge=0, le=1, description="how sure the detector must once have been")

    def persistence(self) -> Persistence:
        """The domain's form."""
        return Persistence(**self.model_dump())


class RuleEntry(Entry):
    """One `[[rule]]`: an offence under one version of the law."""

    rule_id: str = Field(min_length=1)
    version: int = Field(ge=1)
    offence: Offence
    zone_kinds: frozenset[ZoneKind] = Field(min_length=1)
    fixed: PersistenceEntry
    drone: PersistenceEntry
    stills: PersistenceEntry
    merge_distance_m: float = Field(gt=0, le=100)
    merge_window_s: float = Field(gt=0)
    statute: str
    event_code: str
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    source: str = Field(min_length=1, description="where the row comes from")

    @field_validator("valid_from", "valid_until")
    @classmethod
    def _has_zone(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("needs a UTC offset, such as 2026-08-15T00:00:00+08:00")
        return value

    def rule(self) -> Rule:
        """The domain's form."""
        return Rule(
            rule_id=self.rule_id,
            version=self.version,
            offence=self.offence,
            zone_kinds=self.zone_kinds,
            fixed=self.fixed.persistence(),
            drone=self.drone.persistence(),
            stills=self.stills.persistence(),
            merge_distance_m=self.merge_distance_m,
            merge_window_s=self.merge_window_s,
            statute=self.statute,
            event_code=self.event_code,
            valid_from_s=self.valid_from.timestamp() if self.valid_from else None,
            valid_until_s=self.valid_until.timestamp() if self.valid_until else None,
            source=self.source,
        )


class RulePack(Entry):
    """The file: a name and its rules."""

    name: str
    rule: tuple[RuleEntry, ...] = Field(min_length=1)


def read_rules(path: Path) -> tuple[Rule, ...]:
    """The rules in a pack.

    Raises:
        BadInput: the file or a field is unusable, or two rows for one offence are in force at the same time.
    """
    rules = tuple(entry.rule() for entry in read_toml(RulePack, path).rule)
    for i, rule in enumerate(rules):
        for other in rules[:i]:
            if other.offence is rule.offence and _overlap(other, rule):
                fault = f"{other.rule_id} v{other.version} and {rule.rule_id} v{rule.version} are in force together"
                raise BadInput(path=str(path), field="rule", fault=fault, remedy="Let one end where the other begins")
    return rules


def _overlap(a: Rule, b: Rule) -> bool:
    infinity = float("inf")
    starts = max(-infinity if rule.valid_from_s is None else rule.valid_from_s for rule in (a, b))
    ends = min(infinity if rule.valid_until_s is None else rule.valid_until_s for rule in (a, b))
    return starts < ends
