"""The application as a whole: what every answer carries, what is refused, errors as pages, and serving."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.console.app import create_app, serve
from pipeline.errors import BadInput, StorageFull

if TYPE_CHECKING:
    from pipeline.domain.case import Case

PAGES = ("/", "/?state=confirmed", "/?offence=dust", "/drops", "/map", "/health")


@pytest.mark.parametrize("path", PAGES)
def test_every_page_answers_under_a_strict_policy(browser: Any, path: str) -> None:
    """Each page answers 200, allows only our own scripts, styles and pictures, and is not kept by the browser."""
    answer = browser.get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "img-src 'self';" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/", "/drops", "/map", "/nowhere"])
def test_pages_need_nothing_the_policy_forbids(browser: Any, path: str) -> None:
    """No page holds an inline script, an inline style or an address on another host."""
    html = browser.get(path).text
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|(src|href)=\"(https?:)?//", html)


def test_a_tile_host_named_in_the_settings_is_the_only_foreign_one_allowed(district: Any, make_browser: Any) -> None:
    """The policy gains exactly the tile host, and the map is told the template."""
    app = district.app(tile_url="https://{s}.tiles.example/{z}/{x}/{y}.png", tile_attribution="Example")
    answer = make_browser(app).get("/map")
    assert "img-src 'self' https://*.tiles.example;" in answer.headers["content-security-policy"]
    assert 'data-tiles="https://{s}.tiles.example/{z}/{x}/{y}.png"' in answer.text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8750", "192.168.1.7", "", "127.0.0.1.evil.example"])
def test_a_name_that_is_not_this_machines_is_refused(browser: Any, host: str) -> None:
    """A request under any other host name gets nothing, so DNS rebinding gains nothing."""
    answer = browser.get("/", headers={"Host": host})
    assert answer.status_code == 403
    assert "foreign_host" in answer.text
    assert "台州路" not in answer.text


@pytest.mark.parametrize("host", ["localhost:8750", "127.0.0.1", "[::1]:8750"])
def test_every_loopback_name_is_served(browser: Any, host: str) -> None:
    """localhost, 127.0.0.1 and ::1 all mean this machine."""
    assert browser.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": None},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": None, "Sec-Fetch-Site": "none"},
    ],
)
def test_a_form_from_elsewhere_is_refused(browser: Any, newest: Case, headers: dict[str, str | None]) -> None:
    """A decision that does not come from our own page changes nothing."""
    answer = browser.decide(newest, "case.confirmed", headers=headers)
    assert answer.status_code == 403
    assert "foreign_origin" in answer.text
    assert browser.get("/?state=confirmed").text.count("data-row") == 0


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/nowhere", 404, "not_found"),
        ("/cases/none", 404, "not_found"),
        ("/map/cases/none.geojson", 404, "not_found"),
        ("/evidence/none", 404, "not_found"),
        ("/static/none.css", 404, "not_found"),
        ("/?offence=theft", 422, "bad_request"),
        ("/?page=0", 422, "bad_request"),
    ],
)
def test_errors_are_pages_with_a_code(browser: Any, path: str, status: int, code: str) -> None:
    """Whatever is wrong with an address, the officer reads a title, a remedy and the code, in Chinese."""
    answer = browser.get(path)
    assert answer.status_code == status
    assert f"<code>{code}</code>" in answer.text
    assert "返回线索队列" in answer.text
    assert "Traceback" not in answer.text


class BrokenStore:
    """A store whose every read fails in a chosen way."""

    def __init__(self, fault: Exception) -> None:
        self.fault = fault

    def cases(self, **_: object) -> tuple[Case, ...]:
        """Always fails."""
        raise self.fault


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (StorageFull("/site/cases.db"), 507, "storage_full"),
        (BadInput(path="/site/cases.db", field="file", fault="is locked", remedy="Close it"), 500, "bad_input"),
        (RuntimeError("secret"), 500, "internal"),
    ],
)
def test_faults_below_become_pages_too(
    district: Any, make_browser: Any, fault: Exception, status: int, code: str
) -> None:
    """A fault of the store, or of this program, is a page with a code and the common headers, and tells no secrets."""
    answer = make_browser(create_app(store=BrokenStore(fault), vault=district.vault)).get("/")  # type: ignore[arg-type]
    assert answer.status_code == status
    assert f"<code>{code}</code>" in answer.text
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_health_counts_the_drafts(browser: Any) -> None:
    """Health answers JSON a script can read."""
    answer = browser.get("/health").json()
    assert answer == {"status": "ok", "drafts": 6, "browser_libraries": answer["browser_libraries"]}


def test_own_files_are_kept_by_content(browser: Any) -> None:
    """A page names our files by their content's mark, and browsers may keep what they fetch by it."""
    address = re.search(r'"(/static/console\.css\?v=[0-9a-f]{12})"', browser.get("/").text)
    assert address is not None
    assert "immutable" in browser.get(address[1]).headers["cache-control"]
    assert browser.get("/static/console.css").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "example.org", ""])  # noqa: S104 - must be refused
def test_only_loopback_is_served(district: Any, host: str) -> None:
    """Any other address is refused before anything is bound, and says why."""
    with pytest.raises(BadInput, match="no accounts yet") as refused:
        serve(district.app(), host=host)
    assert refused.value.field == "host"


def test_a_taken_port_is_named_with_a_remedy(district: Any) -> None:
    """A port in use is the caller's to change, and is named with its address."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(BadInput, match=f"127.0.0.1:{port}.*choose another port"):
            serve(district.app(), port=port)


def test_a_port_out_of_range_is_refused(district: Any) -> None:
    """65536 is no port."""
    with pytest.raises(BadInput, match="0-65535"):
        serve(district.app(), port=65536)


def test_the_console_loads_neither_torch_nor_prefect() -> None:
    """The web process starts without the model libraries, the flow engine or the drone link."""
    heavy = "{'torch', 'ultralytics', 'prefect', 'cv2', 'dronekit', 'av', 'openvino', 'sqlalchemy'}"
    check = f"import sys, pipeline.console.app; sys.exit(', '.join({heavy} & set(sys.modules)) or None)"
    done = subprocess.run([sys.executable, "-c", check], check=False, capture_output=True, text=True, timeout=60)  # noqa: S603 - our own words
    assert done.returncode == 0, done.stderr
