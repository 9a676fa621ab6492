"""The queue and the account of what was left alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.domain.case import Case


def rows(html: str) -> list[str]:
    """Ids of the listed cases, in order."""
    return re.findall(r'class="row" href="/cases/([^"?]+)', html)


def test_drafts_are_listed_newest_first(district: Any, browser: Any) -> None:
    """One incident is one row, however many sources saw it, in the store's order."""
    assert rows(browser.get("/").text) == [case.case_id for case in district.store.cases()]


def test_a_row_says_what_where_when_and_how_well(browser: Any, newest: Case) -> None:
    """Offence, zone, both sources, local time with the stored UTC, age and error radius are on the row."""
    row = re.search(r"<a class=\"row\".*?</a>", browser.get("/").text, re.DOTALL)
    assert row is not None
    for text in (
        "雪糕筒占道",
        "台州路",
        "城市眼 12 号",
        "拱宸桥 1 号机",
        "2026-11-02 14:26:00",
        "4 分钟前",
        "2 次发现",
    ):
        assert text in row[0]
    assert 'datetime="2026-11-02T06:26:00Z"' in row[0]
    assert f"±{newest.fix.ellipse.semi_major_m:.1f}" in row[0]
    assert f"/evidence/{newest.findings[-1].items[2].sha256}" in row[0]


def test_filters_narrow_the_list_and_keep_the_counts(browser: Any) -> None:
    """A filter by offence shows those alone, links to them with the filter, and still counts the others."""
    html = browser.get("/?offence=traffic_cone").text
    assert len(rows(html)) == 3
    assert html.count("?offence=traffic_cone") >= 3
    assert re.search(r"施工扬尘 <b>1</b>", html)


def test_states_are_lists_of_their_own(browser: Any, newest: Case) -> None:
    """A rejected case leaves the drafts and is found among the rejected."""
    browser.decide(newest, "case.rejected", "lawful")
    assert newest.case_id not in rows(browser.get("/").text)
    assert rows(browser.get("/?state=rejected").text) == [newest.case_id]


def test_long_lists_are_paged(district: Any, make_browser: Any) -> None:
    """Pages hold so many, follow each other, and a page beyond the end is empty."""
    browser = make_browser(district.app(page_size=4))
    first, second = browser.get("/?offence="), browser.get("/?page=2")
    assert first.status_code == 422
    assert len(rows(second.text)) == 2
    assert 'href="/?state=draft"' in second.text
    assert rows(browser.get("/?page=9").text) == []


def test_an_empty_queue_says_so(district: Any, browser: Any) -> None:
    """When all is decided the officer reads that, not an empty page."""
    for case in district.store.cases():
        browser.decide(case, "case.rejected", "unclear")
    assert "待核查的线索已全部处理完" in browser.get("/").text
    assert "没有符合条件的线索" in browser.get("/?state=confirmed").text


def test_what_was_left_alone_is_counted_by_reason(browser: Any) -> None:
    """The queue shows the counts, most frequent first."""
    panel = browser.get("/").text.split("未列入线索的目标")[1]
    counts = re.findall(r"<li><span>(.*?)</span><b>(\d+)</b>", panel)
    assert counts == [("持续时间不足", "9"), ("不在管控区内", "5"), ("有有效许可", "3"), ("误差范围内无法判定", "2")]


def test_each_thing_left_alone_has_its_reason(browser: Any) -> None:
    """The drops page breaks the counts down by offence and names what decided each."""
    html = browser.get("/drops").text
    assert "共排除 19 个目标" in html
    assert "47%" in html
    assert html.count("<td>拱占〔2026〕041</td>") == 3
    assert html.count("1.5 s of 30 s") == 9
