"""Languages, times and numbers in words."""

from __future__ import annotations

import re
import string
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from flights.patrol_states import PatrolState
from flights.pilot_request import Action, Refusal
from geofences.zone import ZoneKind
from pipeline import console
from pipeline.console.wording import LANGUAGES, Wording, choose_language, read_catalogue
from pipeline.domain.case import CaseState, EventKind, Grade, RejectReason
from pipeline.domain.finding import DropReason
from pipeline.domain.frame import SourceKind
from pipeline.domain.manifest import EvidenceRole
from pipeline.domain.offence import Offence
from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from enum import StrEnum

    from pipeline.domain.case import Case

HOME = Path(console.__file__).parent
ENUMS = {
    "offence": Offence,
    "state": CaseState,
    "grade": Grade,
    "source": SourceKind,
    "zone_kind": ZoneKind,
    "reject": RejectReason,
    "event": EventKind,
    "drop": DropReason,
    "role": EvidenceRole,
    "patrol": PatrolState,
    "act": Action,
    "refusal": Refusal,
}


def gaps(text: str) -> set[str | None]:
    """The names of a text's gaps."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def wording(language: str = "zh-CN", now_s: float = 1793579400.0) -> Wording:
    """Words at 08:30 on 2 November 2026 in Hangzhou."""
    return Wording(language=language, timezone=ZoneInfo("Asia/Shanghai"), now_s=now_s)


def test_catalogues_have_the_same_keys_and_gaps() -> None:
    """No language lacks a text, and each text has the same gaps in all of them."""
    chinese, english = (read_catalogue(language) for language in LANGUAGES)
    assert chinese.keys() == english.keys()
    assert {key: gaps(text) for key, text in chinese.items()} == {key: gaps(text) for key, text in english.items()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_words(language: str) -> None:
    """Each member of each enumeration the pages show is named, and each error code has a title and a remedy."""
    catalogue = read_catalogue(language)
    members: list[tuple[str, StrEnum]] = [(group, member) for group, kind in ENUMS.items() for member in kind]
    assert [f"{g}.{member}" for g, member in members if f"{g}.{member}" not in catalogue] == []
    causes = ("yaw", "tilt", "position", "height", "time", "pixel", "ground")
    assert all(f"cause.{cause}" in catalogue for cause in causes)
    codes = [error.code for error in every(PipelineError)]
    assert [code for code in codes if not {f"failure.{code}", f"failure.{code}_remedy"} <= catalogue.keys()] == []


def every(kind: type[PipelineError]) -> Iterator[type[PipelineError]]:
    """An error class and all below it."""
    yield kind
    for below in kind.__subclasses__():
        yield from every(below)


def test_every_text_a_template_names_exists() -> None:
    """Keys written out in templates and code are in the catalogue."""
    catalogue = read_catalogue("en")
    named = set()
    for file in [*HOME.glob("templates/*.html"), *HOME.glob("*.py")]:
        named |= set(
            re.findall(r"\b(?:t|text)\(\s*[\"']([a-z_]+\.[a-z_]+)[\"'](?! ~)", file.read_text(encoding="utf-8"))
        )
    assert len(named) > 60
    assert named <= catalogue.keys()


@pytest.mark.parametrize("file", sorted(HOME.glob("templates/*.html")), ids=lambda file: file.name)
def test_templates_hold_no_words_of_their_own(file: Path) -> None:
    """Outside tags, expressions and keys a template has no letters, nor has an attribute that is read out."""
    text = re.sub(r"{% block place %}.*?{% endblock %}", "", file.read_text(encoding="utf-8"))
    text = re.sub(r"{%.*?%}|{{.*?}}|<kbd>.*?</kbd>", " ", text, flags=re.DOTALL)
    assert not re.search(r'(title|alt|aria-label|placeholder)="[^"]*[A-Za-z\u4e00-\u9fff]', text)
    assert not re.search(r"[A-Za-z\u4e00-\u9fff]", re.sub(r"<[^>]*>", " ", text))


@pytest.mark.parametrize(
    ("asked", "remembered", "accepted", "language"),
    [
        (None, None, "", "zh-CN"),
        ("en", "zh-CN", "zh-CN", "en"),
        ("xx", "en", "zh-CN", "en"),
        (None, "xx", "fr-FR, en-GB;q=0.9, zh;q=0.8", "en"),
        (None, None, "zh-TW,en", "zh-CN"),
        (None, None, "de, fr;q=0.5", "zh-CN"),
        (None, None, "*;;,,=", "zh-CN"),
    ],
)
def test_the_language_is_the_first_one_asked_for(
    asked: str | None, remembered: str | None, accepted: str, language: str
) -> None:
    """Address before cookie before browser before the site's default; unknown ones are passed over."""
    assert choose_language(asked=asked, remembered=remembered, accepted=accepted, default="zh-CN") == language


def test_a_chosen_language_is_remembered(browser: Any, newest: Case) -> None:
    """?lang=en turns the pages English, and they stay so."""
    assert '<html lang="zh-CN">' in browser.get("/").text
    assert "Left alone" in browser.get("/?lang=en").text
    html = browser.get(f"/cases/{newest.case_id}").text
    assert '<html lang="en">' in html
    assert "In 31 of 36 frames, over 42 s" in html
    assert f'href="/cases/{newest.case_id}?lang=zh-CN"' in html


def test_a_language_that_is_none_changes_nothing(browser: Any) -> None:
    """An unknown language is not remembered."""
    assert "set-cookie" not in browser.get("/?lang=tlh").headers


def test_times_are_local_and_kept_in_utc() -> None:
    """The same moment in the site's zone for people and in UTC for machines."""
    say = wording()
    assert say.when(1793579400.0) == "2026-11-02 08:30:00"
    assert say.utc(1793579400.0) == "2026-11-02T00:30:00Z"
    assert say.zone_label() == "UTC+08:00 Asia/Shanghai"


@pytest.mark.parametrize(
    ("ago_s", "said"),
    [(-5, "刚刚"), (59, "刚刚"), (60, "1 分钟前"), (3599, "59 分钟前"), (3600, "1 小时前"), (86400 * 3 + 5, "3 天前")],
)
def test_ages_are_in_the_largest_whole_unit(ago_s: float, said: str) -> None:
    """An age is rounded down; the future is now."""
    say = wording()
    assert say.age(say.now_s - ago_s) == said


def test_lengths_and_distances_keep_useful_digits() -> None:
    """Seconds below a minute, minutes above; one decimal below ten metres."""
    say = wording("en")
    assert [say.duration(s) for s in (0.0, 4.25, 42.0, 605.0)] == ["0 s", "4.2 s", "42 s", "10 min 5 s"]
    assert [say.metres(m) for m in (0.44, 9.96, 12.4)] == ["0.4\u00a0m", "10.0\u00a0m", "12\u00a0m"]


def test_spans_leave_out_the_second_day_where_it_is_the_first() -> None:
    """Within one local day the day is said once."""
    say = wording()
    assert say.span(say.now_s, say.now_s) == "2026-11-02 08:30:00"
    assert say.span(say.now_s - 60, say.now_s) == "2026-11-02 08:29:00 – 08:30:00"
    assert say.span(say.now_s - 86400, say.now_s) == "2026-11-01 08:30:00 – 2026-11-02 08:30:00"


def test_an_unknown_code_is_shown_as_it_is() -> None:
    """A code newer than the catalogue is better shown than hidden."""
    assert wording().name("drop", "solar_flare") == "solar_flare"
