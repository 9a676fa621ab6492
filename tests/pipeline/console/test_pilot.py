"""The pilot's page and the API behind it: what a flight shows, what it is asked, and its answers in words."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

ASKED = {"command_id": "c1", "action": "pause", "pilot": "李伟", "key": "k"}
FLIGHT = "/flights/drill-z-1"


def command(browser: Any, flight: str = FLIGHT, language: str = "zh-CN", **changes: Any) -> Any:
    """The answer to a command."""
    headers = {"Accept-Language": language} | changes.pop("headers", {})
    return browser.ask("POST", f"{flight}/commands", json=ASKED | changes, headers=headers)


@pytest.mark.parametrize("path", ["/pilot", FLIGHT])
def test_the_page_names_the_flight_and_who_may_command(browser: Any, airborne: Any, path: str) -> None:
    """Its id, that it is a drill, its state, and the pilots."""
    html = browser.get(path).text
    assert airborne.view.flight_id in html
    for text in ("演练", "按计划飞行", "<option>赵敏</option>", "<option>王芳</option>", "返航"):
        assert text in html


def test_without_a_flight_the_page_says_so(browser: Any) -> None:
    """Nothing was ever flown."""
    assert "还没有飞行" in browser.get("/pilot").text
    assert browser.get(FLIGHT).status_code == 404
    assert command(browser).status_code == 404


@pytest.mark.parametrize(
    ("language", "refusal", "status", "said"),
    [
        ("zh-CN", None, 200, "暂停：已执行（李伟）"),
        ("en", None, 200, "Pause: done (李伟)"),
        ("zh-CN", ("no_lease", ""), 409, "暂停：被拒绝（李伟）。请先取得操控权"),
        ("en", ("too_high", "99 m > 60 m"), 409, "Pause: refused (李伟). Above the height limit (99 m > 60 m)"),
        ("zh-CN", ("state_forbids", "returning"), 409, "暂停：被拒绝（李伟）。当前状态不允许 (返航中)"),
    ],
)
def test_an_answer_is_in_words(
    browser: Any, airborne: Any, language: str, refusal: Any, status: int, said: str
) -> None:
    """Done or refused, with the numbers, in the pilot's language; the key never comes back."""
    if refusal:
        airborne.refusals["pause"] = refusal
    answer = command(browser, language=language)
    assert answer.status_code == status
    assert answer.json()["said"] == said
    assert set(answer.json()) == {"command_id", "action", "pilot", "refusal", "detail", "at_s", "said"}


@pytest.mark.parametrize(
    "changes", [{"action": "dance"}, {"command_id": "../../x"}, {"action": "go_to"}, {"lat_deg": "here"}, {"pilot": 7}]
)
def test_a_senseless_command_is_refused_before_the_flight_sees_it(browser: Any, airborne: Any, changes: Any) -> None:
    """With the field that is wrong."""
    answer = command(browser, **changes)
    assert answer.status_code == 400
    assert answer.json()["refusal"] == "bad_request"
    assert answer.json()["detail"]
    assert airborne.asked == []


def test_a_command_from_another_site_is_refused(browser: Any, airborne: Any) -> None:
    """A page elsewhere cannot command an aircraft."""
    assert command(browser, headers={"Origin": "http://evil.example"}).status_code == 403
    assert airborne.asked == []


def test_a_flight_program_that_is_gone_is_said_to_be(browser: Any, airborne: Any) -> None:
    """Its last view is old: nothing is asked, and the pilot is told to use the hand controller."""
    airborne.spool.show(replace(airborne.view, at_s=airborne.view.at_s - 60))
    answer = command(browser)
    assert answer.status_code == 504
    assert "遥控器" in answer.json()["said"]


@pytest.mark.parametrize("accept", ["text/event-stream", "application/x-ndjson"])
def test_the_stream_tells_the_flight_and_ends_with_it(browser: Any, airborne: Any, accept: str) -> None:
    """Numbers for programs and words for people, as server-sent events or as JSON lines."""
    airborne.spool.show(replace(airborne.view, over=True, state="landed"))
    answer = browser.get(f"{FLIGHT}/live", headers={"Accept": accept})
    assert answer.headers["content-type"].startswith(accept)
    row = json.loads(answer.text.removeprefix("data: "))
    assert (row["state"], row["battery_share"], row["open_to"]) == ("landed", 0.83, [])
    assert row["words"]["state"] == "已降落"
    assert row["words"]["battery"] == "83%"


def test_the_chart_is_the_plan_s(browser: Any, airborne: Any) -> None:
    """As the flight wrote it."""
    assert browser.get(f"{FLIGHT}/chart.geojson").json() == airborne.spool.chart()
