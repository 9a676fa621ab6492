"""Evidence by its hash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pipeline.domain.case import Case


def test_a_picture_is_its_sealed_bytes(district: Any, browser: Any, newest: Case) -> None:
    """The answer is the vault's bytes, of the item's type, to be kept for ever and never guessed at."""
    item = newest.findings[0].items[2]
    answer = browser.get(f"/evidence/{item.sha256}")
    assert answer.content == district.vault.get(item.sha256)
    assert answer.headers["content-type"] == "image/jpeg"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("inline")


def test_a_picture_already_held_is_not_sent_again(browser: Any, newest: Case) -> None:
    """The hash is the tag: a browser that has it gets 304."""
    sha256 = newest.findings[0].items[1].sha256
    assert browser.get(f"/evidence/{sha256}", headers={"If-None-Match": f'"{sha256}"'}).status_code == 304


def test_originals_are_not_shown(browser: Any, newest: Case) -> None:
    """Viewing an original would have to be logged, so it is not served."""
    assert browser.get(f"/evidence/{newest.findings[0].items[0].sha256}").status_code == 404


@pytest.mark.parametrize("name", ["0" * 64, "..%2f..%2fcases.db", "A" * 64])
def test_only_hashes_of_cases_are_served(browser: Any, name: str) -> None:
    """What no case holds is not found, whatever it is called."""
    assert browser.get(f"/evidence/{name}").status_code == 404


def test_what_lies_in_the_vault_but_in_no_case_is_not_served(district: Any, browser: Any) -> None:
    """The vault is not a file server."""
    assert browser.get(f"/evidence/{district.vault.put(b'private')}").status_code == 404


def test_a_picture_of_a_new_sight_is_found(district: Any, browser: Any, newest: Case) -> None:
    """Evidence filed after the console started is shown."""
    browser.get(f"/evidence/{newest.findings[0].items[2].sha256}")
    district.see_again(newest.offence)
    added = district.store.case(newest.case_id).findings[-1].items[2]
    assert browser.get(f"/evidence/{added.sha256}").status_code == 200


def test_changed_bytes_are_never_shown(district: Any, browser: Any, newest: Case) -> None:
    """A file that no longer matches its hash is an error page, not a picture."""
    sha256 = newest.findings[0].items[2].sha256
    file = district.folder / "vault" / sha256[:2] / sha256[2:]
    file.chmod(0o644)
    file.write_bytes(b"tampered")
    answer = browser.get(f"/evidence/{sha256}")
    assert answer.status_code == 500
    assert "<code>vault_corrupt</code>" in answer.text
