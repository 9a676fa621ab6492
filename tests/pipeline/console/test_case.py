"""A case's page and the decisions taken on it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.domain.case import CaseState, EventKind, RejectReason
from pipeline.domain.offence import Offence

if TYPE_CHECKING:
    from pipeline.domain.case import Case


def test_the_page_says_why_it_was_flagged(browser: Any, newest: Case) -> None:
    """Rule, zone, how often seen, permits considered and what the error is made of stand in sentences."""
    html = browser.get(f"/cases/{newest.case_id}").text
    for text in (
        "城市道路管理条例 第二十七条、第四十二条",
        "规则 traffic_cone-2026 第 2 版 · 事件编码 03-02",
        "位于「台州路」内",
        "36 帧中有 31 帧检出，持续 42 秒",
        "拱占〔2026〕041（许可地点不符）、拱占〔2026〕012（当时不在有效期）",
        "误差主要来自：航向 68%、俯仰与横滚 19%",
    ):
        assert text in html


def test_pictures_of_all_sources_are_offered(browser: Any, newest: Case) -> None:
    """The annotated picture of each finding is in the strip, newest first, with its plain frame beside it."""
    html = browser.get(f"/cases/{newest.case_id}").text
    newer, older = newest.findings[::-1]
    strip = re.findall(r'data-picture="/evidence/(\w+)"\s+data-plain="/evidence/(\w+)"', html)
    assert strip == [(seen.items[2].sha256, seen.items[1].sha256) for seen in (newer, older)]
    assert f'id="stage" src="/evidence/{newer.items[2].sha256}"' in html


def test_originals_are_listed_by_hash_and_not_linked(browser: Any, newest: Case) -> None:
    """Every sealed file and the manifest's hash are listed; no address leads to an original."""
    html = browser.get(f"/cases/{newest.case_id}").text
    for seen in newest.findings:
        assert seen.manifest_sha256 in html
        for item in seen.items:
            assert f'title="{item.sha256}"' in html
        assert f"/evidence/{seen.items[0].sha256}" not in html


def test_the_log_is_shown_with_its_hashes(browser: Any, newest: Case) -> None:
    """Each event of the log has its time, words and hash."""
    html = browser.get(f"/cases/{newest.case_id}").text
    assert "生成线索" in html
    assert "再次发现" in html
    assert all(event.sha256 in html for event in newest.events)


def test_confirming_decides_and_goes_on(district: Any, browser: Any, newest: Case) -> None:
    """A confirmation is logged with the officer's account and leads to the next draft."""
    following = district.store.cases()[1]
    answer = browser.decide(newest, "case.confirmed")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/cases/{following.case_id}"
    case = district.store.case(newest.case_id)
    assert case.state is CaseState.CONFIRMED
    assert case.events[-1].actor == "officer@loopback"


@pytest.mark.parametrize("reason", RejectReason)
def test_rejecting_keeps_its_reason(district: Any, browser: Any, newest: Case, reason: RejectReason) -> None:
    """Every reason has a button and is written to the log."""
    assert f'name="reason" value="{reason}"' in browser.get(f"/cases/{newest.case_id}").text
    assert browser.decide(newest, "case.rejected", reason).status_code == 303
    case = district.store.case(newest.case_id)
    assert (case.state, case.events[-1].reason) == (CaseState.REJECTED, reason)


def test_the_filter_is_kept_while_going_through(district: Any, browser: Any) -> None:
    """Under a filter, the next one is the next of that class, and the last leads back to the first left."""
    cones = [case for case in district.store.cases() if case.offence is Offence.TRAFFIC_CONE]
    query = "?offence=traffic_cone"
    onward = [browser.decide(case, "case.confirmed", query=query).headers["location"] for case in cones[1:]]
    assert onward == [f"/cases/{cones[2].case_id}{query}", f"/cases/{cones[0].case_id}{query}"]
    assert browser.decide(cones[0], "case.confirmed", query=query).headers["location"] == "/"


def test_neighbours_go_round(district: Any, browser: Any) -> None:
    """From the first draft, back is the last; from the last, on is the first."""
    cases = district.store.cases()
    links = re.findall(r'href="/cases/([^"]+)" data-key="([jk])"', browser.get(f"/cases/{cases[0].case_id}").text)
    assert links == [(cases[-1].case_id, "k"), (cases[1].case_id, "j")]
    links = re.findall(r'href="/cases/([^"]+)" data-key="([jk])"', browser.get(f"/cases/{cases[-1].case_id}").text)
    assert links == [(cases[-2].case_id, "k"), (cases[0].case_id, "j")]


def test_the_latest_decision_can_be_undone(district: Any, browser: Any, newest: Case) -> None:
    """The next page offers to undo the last decision; undoing reopens that case and shows it."""
    onward = browser.decide(newest, "case.confirmed").headers["location"]
    decided = district.store.case(newest.case_id)
    html = browser.get(onward).text
    assert f"刚才：雪糕筒占道 {newest.case_id} 已确认" in html
    assert f'action="/cases/{newest.case_id}/decisions"' in html
    answer = browser.decide(decided, "case.reopened")
    assert answer.headers["location"] == f"/cases/{newest.case_id}"
    assert district.store.case(newest.case_id).state is CaseState.DRAFT
    assert "刚才" not in browser.get(f"/cases/{newest.case_id}").text


def test_undoing_steps_back_through_several(district: Any, browser: Any) -> None:
    """After two decisions, undoing twice reopens both, the later one first."""
    first, second = district.store.cases()[:2]
    browser.decide(first, "case.confirmed")
    browser.decide(second, "case.rejected", "unclear")
    assert second.case_id in browser.get("/").text.split("刚才")[1][:60]
    browser.decide(district.store.case(second.case_id), "case.reopened")
    assert first.case_id in browser.get("/").text.split("刚才")[1][:60]
    browser.decide(district.store.case(first.case_id), "case.reopened")
    assert "刚才" not in browser.get("/").text


def test_a_stale_decision_shows_the_fresh_case(district: Any, browser: Any, newest: Case) -> None:
    """Decided on an old version: 409, the new version on the page, and nothing recorded."""
    district.see_again(newest.offence)
    answer = browser.decide(newest, "case.confirmed")
    assert answer.status_code == 409
    assert "<code>stale_case</code>" in answer.text
    assert f'name="version" value="{newest.version + 1}"' in answer.text
    assert district.store.case(newest.case_id).state is CaseState.DRAFT


@pytest.mark.parametrize("kind", [EventKind.CONFIRMED, EventKind.DRAFTED])
def test_what_is_not_open_is_refused(district: Any, browser: Any, newest: Case, kind: EventKind) -> None:
    """A decided case takes no second decision, and no form can forge an event that is no decision."""
    browser.decide(newest, "case.rejected", "duplicate")
    rejected = district.store.case(newest.case_id)
    answer = browser.decide(rejected, kind)
    assert answer.status_code == 409
    assert "<code>illegal_transition</code>" in answer.text
    assert "不采纳" in answer.text
    assert district.store.case(newest.case_id).events == rejected.events


def test_a_rejection_without_a_reason_is_refused(district: Any, browser: Any, newest: Case) -> None:
    """No reason, no rejection."""
    assert browser.decide(newest, "case.rejected").status_code == 409
    assert district.store.case(newest.case_id).state is CaseState.DRAFT


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"kind": "case.confirmed"},
        {"kind": "case.closed", "version": "1"},
        {"kind": "case.confirmed", "version": "x"},
        {"kind": "case.rejected", "version": "2", "reason": "bored"},
    ],
)
def test_a_form_that_makes_no_sense_is_refused(browser: Any, newest: Case, form: dict[str, str]) -> None:
    """Missing or unknown fields are a page with a code, and nothing is recorded."""
    answer = browser.ask("POST", f"/cases/{newest.case_id}/decisions", data=form)
    assert answer.status_code == 422
    assert "<code>bad_request</code>" in answer.text


def test_a_refused_page_can_be_reloaded(browser: Any, newest: Case) -> None:
    """The address of the form leads back to the case."""
    answer = browser.get(f"/cases/{newest.case_id}/decisions?offence=traffic_cone")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/cases/{newest.case_id}?offence=traffic_cone"


def test_a_decided_case_offers_only_its_own_undoing(browser: Any, newest: Case) -> None:
    """On a decided case there is no confirm and no reject, and one key reopens it."""
    browser.decide(newest, "case.confirmed")
    html = browser.get(f"/cases/{newest.case_id}").text
    assert "data-decides" not in html
    assert f'action="/cases/{newest.case_id}/decisions"' in html
    assert "撤销决定" in html


def test_every_key_of_the_decision_has_a_button(browser: Any, newest: Case) -> None:
    """Keys press visible controls: each deciding key is on exactly one, and each form carries the version."""
    html = browser.get(f"/cases/{newest.case_id}").text
    for key in ("c", "r", "1", "2", "3", "4", "5", "6", "j", "k", "q", "b", "f", "?"):
        assert html.count(f'data-key="{key}"') == 1, key
    assert html.count(f'name="version" value="{newest.version}"') == 2
