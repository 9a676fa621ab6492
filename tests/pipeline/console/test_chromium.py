"""The console in a real browser: keys decide, pages follow, and the store keeps what was pressed."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect, sync_playwright

from pipeline.domain.case import CaseState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser as Chromium
    from playwright.sync_api import Page

pytestmark = pytest.mark.peers

CHROMIUM = os.environ.get("OFFSITE_CHROMIUM", "/usr/bin/chromium")
# Source: design/stack.md, section 7: headless without a GPU, and without calling home.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
# Serves the seeded district whose folder it is given.
SERVER = """
import sys, pathlib, importlib.util
spec = importlib.util.spec_from_file_location("seed", sys.argv[1])
seed = importlib.util.module_from_spec(spec)
sys.modules["seed"] = seed
spec.loader.exec_module(seed)
from pipeline.console.app import serve
serve(seed.District.opened(pathlib.Path(sys.argv[2])).app(), port=0, on_ready=lambda url: print(url, flush=True))
"""


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The console over a folder, in a process of its own: its address, and the process."""
    seed = Path(__file__).with_name("conftest.py")
    command = [sys.executable, "-c", SERVER, str(seed), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - our own words
        try:
            assert server.stdout is not None
            yield server.stdout.readline().strip(), server
        finally:
            server.terminate()
            server.wait(timeout=20)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    """One browser for all tests here, and the console's libraries installed."""
    install = Path(__file__).parents[3] / "deploy" / "web" / "install.sh"
    subprocess.run([str(install)], check=True, timeout=120)  # noqa: S603 - our own script
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def site(district: Any) -> Iterator[str]:
    """The served district's address."""
    with served(district.folder) as (address, _):
        yield address


@pytest.fixture
def page(chromium: Chromium, site: str) -> Iterator[Page]:
    """A page on the queue, in Chinese; the test fails when the browser reports a script error or a blocked resource."""
    context = chromium.new_context(locale="zh-CN", viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(10_000)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.goto(site)
    yield page
    context.close()
    assert [fault for fault in faults if "409" not in fault] == []


def open_case(page: Page, case_id: str) -> None:
    """Wait until a case's page and picture are shown, and its keys are taken."""
    expect(page.locator(".case-head")).to_contain_text(case_id)
    page.wait_for_function("document.querySelector('#stage')?.naturalWidth > 0")
    page.wait_for_timeout(450)


def test_an_officer_works_through_drafts_by_keys_alone(district: Any, page: Page, tmp_path: Path) -> None:
    """j, Enter, c, r 5, z, z: one key decides and goes on, and the store holds exactly that."""
    first, second, third = district.store.cases()[:3]
    expect(page.locator("[data-row]")).to_have_count(6)
    page.screenshot(path=tmp_path / "queue.png")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    open_case(page, first.case_id)
    page.screenshot(path=tmp_path / "case.png")
    page.keyboard.press("c")
    open_case(page, second.case_id)
    assert page.url.endswith(f"/cases/{second.case_id}")
    expect(page.locator("#announcer")).to_contain_text(f"{first.case_id} 已确认")
    assert district.store.case(first.case_id).state is CaseState.CONFIRMED
    page.keyboard.press("r")
    page.screenshot(path=tmp_path / "reject.png")
    page.keyboard.press("5")
    open_case(page, third.case_id)
    rejected = district.store.case(second.case_id)
    assert (rejected.state, rejected.events[-1].reason) == (CaseState.REJECTED, "unclear")
    page.keyboard.press("z")
    open_case(page, second.case_id)
    page.keyboard.press("z")
    open_case(page, first.case_id)
    assert all(case.state is CaseState.DRAFT for case in district.store.cases())


def test_a_second_press_does_not_decide_the_next_case(district: Any, page: Page) -> None:
    """Two quick presses confirm one case: the second was meant for a page already gone."""
    first, second = district.store.cases()[:2]
    page.goto(f"{page.url}cases/{first.case_id}")
    open_case(page, first.case_id)
    page.keyboard.press("c")
    page.keyboard.press("c")
    expect(page.locator(".case-head")).to_contain_text(second.case_id)
    page.keyboard.press("c")
    page.wait_for_timeout(600)
    assert [case.case_id for case in district.store.cases(state=CaseState.CONFIRMED)] == [first.case_id]


def test_a_case_that_changed_is_shown_again(district: Any, page: Page, newest: Any) -> None:
    """Pressing c on an old version shows the message and the new version; pressing it again decides."""
    page.goto(f"{page.url}cases/{newest.case_id}")
    open_case(page, newest.case_id)
    district.see_again(newest.offence)
    page.keyboard.press("c")
    expect(page.locator(".notice")).to_contain_text("stale_case")
    assert district.store.case(newest.case_id).state is CaseState.DRAFT
    open_case(page, newest.case_id)
    page.keyboard.press("c")
    expect(page.locator(".said")).to_contain_text(newest.case_id)
    assert district.store.case(newest.case_id).state is CaseState.CONFIRMED


def test_pictures_map_and_help_work_by_keys(page: Page, newest: Any) -> None:
    """n, b and f change the picture, ? opens and closes the notes, and the map draws the site's own layers."""
    page.goto(f"{page.url}cases/{newest.case_id}")
    open_case(page, newest.case_id)
    newer, older = newest.findings[::-1]
    stage = page.locator("#stage")
    page.keyboard.press("n")
    expect(stage).to_have_attribute("src", f"/evidence/{older.items[2].sha256}")
    page.keyboard.press("b")
    expect(stage).to_have_attribute("src", f"/evidence/{older.items[1].sha256}")
    page.keyboard.press("n")
    expect(stage).to_have_attribute("src", f"/evidence/{newer.items[1].sha256}")
    page.keyboard.press("f")
    expect(page.locator(".stage")).to_have_class("stage zoomed")
    page.keyboard.press("Escape")
    expect(page.locator(".stage")).to_have_class("stage")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("c")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_hidden()
    expect(page.locator(".case-head")).to_contain_text("待核查")
    expect(page.locator(".area-ellipse")).to_have_count(1)
    expect(page.locator(".area.flagged")).to_have_count(1)
    expect(page.locator(".leaflet-control-scale-line")).to_contain_text("m")


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["desk", "phone"])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_nothing_runs_off_the_screen(
    page: Page, newest: Any, tmp_path: Path, size: tuple[int, int], language: str
) -> None:
    """On a desk and on a phone, in both languages, no page is wider than the screen."""
    home, (width, height) = page.url, size
    page.set_viewport_size({"width": width, "height": height})
    for name, path in (("queue", ""), ("case", f"cases/{newest.case_id}"), ("drops", "drops"), ("map", "map")):
        page.goto(f"{home}{path}?lang={language}")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=tmp_path / f"{name}-{width}-{language}.png")
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width, name


def test_a_pilot_commands_by_hand(district: Any, airborne: Any, page: Page, site: str, tmp_path: Path) -> None:
    """On a phone: take command, pause once confirmed, go to a tapped point; a refusal is read in words."""
    airborne.refusals["go_to"] = ("crosses_no_fly", "12 m")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{site}pilot")
    expect(page.locator("[data-word=state]")).to_have_text("按计划飞行")
    expect(page.locator("[data-act=pause]")).to_be_disabled()
    page.locator("[data-act=acquire]").click()
    expect(page.locator("[data-word=lease]")).to_contain_text("李伟 操控中")
    page.locator("[data-act=pause]").click()
    page.locator("#sure button[value='']").click()
    page.locator("[data-act=pause]").click()
    page.locator("#sure .confirm").click()
    expect(page.locator("#said")).to_have_text("暂停：已执行（李伟）")
    page.locator("[data-act=go_to]").click()
    page.locator("#air").click(position={"x": 180, "y": 60})
    expect(page.locator("#height")).to_have_value("35")
    page.screenshot(path=tmp_path / "pilot.png")
    page.locator("#sure .confirm").click()
    expect(page.locator("#said")).to_contain_text("航路穿越禁飞区 (12 m)")
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
    assert [request.action for request in airborne.asked] == ["acquire", "pause", "go_to"]
    assert abs(airborne.asked[-1].lat_deg - district.store.cases()[0].fix.position.lat_deg) < 0.01
    assert len({request.key for request in airborne.asked}) == 1


def test_it_works_without_scripts(chromium: Chromium, site: str, district: Any) -> None:
    """Where scripts are switched off, the same buttons decide."""
    first, second = district.store.cases()[:2]
    page = chromium.new_context(java_script_enabled=False).new_page()
    page.goto(f"{site}cases/{first.case_id}")
    page.locator("[data-key=r]").click()
    page.locator("[data-key='2']").click()
    expect(page.locator(".case-head")).to_contain_text(second.case_id)
    assert district.store.case(first.case_id).events[-1].reason == "lawful"
    page.context.close()


def test_a_stopped_console_is_told(chromium: Chromium, district: Any, newest: Any) -> None:
    """When the program is gone, the officer reads that the decision had no effect."""
    with served(district.folder) as (address, server):
        page = chromium.new_context(locale="zh-CN").new_page()
        page.goto(f"{address}cases/{newest.case_id}")
        open_case(page, newest.case_id)
        server.terminate()
        server.wait(timeout=20)
        page.keyboard.press("c")
        expect(page.locator("#unreachable")).to_contain_text("没有生效")
        page.context.close()
    assert district.store.case(newest.case_id).state is CaseState.DRAFT
