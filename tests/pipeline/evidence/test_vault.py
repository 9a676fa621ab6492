"""The vault: one contract, run on the folder and on a fake in memory; then what only a folder can suffer."""

from __future__ import annotations

import fcntl
import hashlib
import multiprocessing
from typing import TYPE_CHECKING

import pytest

from pipeline.errors import BadInput, NotFound, StorageFull, VaultCorrupt
from pipeline.evidence.vault import FolderVault

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.ports import Vault


class MemoryVault:
    """A `Vault` in memory, for tests of what uses one."""

    def __init__(self) -> None:
        self.items: dict[str, bytes] = {}

    def put(self, content: bytes) -> str:
        """See `Vault.put`."""
        sha256 = hashlib.sha256(content).hexdigest()
        kept = self.items.setdefault(sha256, content)
        if kept != content:
            raise VaultCorrupt(sha256)
        return sha256

    def get(self, sha256: str) -> bytes:
        """See `Vault.get`."""
        if sha256 not in self.items:
            raise NotFound(sha256)
        content = self.items[sha256]
        if hashlib.sha256(content).hexdigest() != sha256:
            raise VaultCorrupt(sha256)
        return content


def spoil_file(root: Path, sha256: str) -> None:
    """Change one byte on the disk."""
    place = root / sha256[:2] / sha256[2:]
    place.chmod(0o600)
    content = bytearray(place.read_bytes())
    content[0] ^= 1
    place.write_bytes(content)


def count_whole(root: Path) -> int:
    """How many items there are, once every file is seen to lie whole under its own hash."""
    files = list(root.glob("*/*"))
    for file in files:
        assert hashlib.sha256(file.read_bytes()).hexdigest() == file.parent.name + file.name
    return len(files)


@pytest.fixture(params=["folder", "memory"])
def vault_and_spoil(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Vault, Callable[[str], None]]:
    """Each vault, and how to damage one of its items."""
    if request.param == "folder":
        vault = FolderVault(tmp_path)
        return vault, lambda sha256: spoil_file(tmp_path, sha256)
    fake = MemoryVault()
    return fake, lambda sha256: fake.items.update({sha256: b"spoilt"})


@pytest.mark.parametrize("content", [b"", b"a", bytes(range(256)) * 4000])
def test_what_is_put_is_got_under_its_sha256(
    vault_and_spoil: tuple[Vault, Callable[[str], None]], content: bytes
) -> None:
    """Bytes of any length come back as they were, filed under their own hash."""
    vault, _ = vault_and_spoil
    sha256 = vault.put(content)
    assert sha256 == hashlib.sha256(content).hexdigest()
    assert vault.get(sha256) == content


def test_the_same_bytes_twice_are_one_item(vault_and_spoil: tuple[Vault, Callable[[str], None]]) -> None:
    """Putting again is no error and gives the same hash."""
    vault, _ = vault_and_spoil
    assert vault.put(b"clip") == vault.put(b"clip")


@pytest.mark.parametrize("sha256", ["0" * 64, "", "../../etc/passwd", "AB" * 32, "0" * 63])
def test_an_unknown_hash_is_not_found(vault_and_spoil: tuple[Vault, Callable[[str], None]], sha256: str) -> None:
    """A hash never put, or text that is no hash, is NotFound and reaches no file."""
    with pytest.raises(NotFound):
        vault_and_spoil[0].get(sha256)


def test_changed_bytes_are_told(vault_and_spoil: tuple[Vault, Callable[[str], None]]) -> None:
    """An item whose bytes changed is VaultCorrupt to read, and to put again."""
    vault, spoil = vault_and_spoil
    sha256 = vault.put(b"clip")
    spoil(sha256)
    with pytest.raises(VaultCorrupt):
        vault.get(sha256)
    with pytest.raises(VaultCorrupt):
        vault.put(b"clip")


def test_an_item_is_sharded_and_read_only(tmp_path: Path) -> None:
    """An item lies at ab/cdef... with no right to write it, and nothing else is left beside it."""
    sha256 = FolderVault(tmp_path).put(b"clip")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files == [tmp_path / sha256[:2] / sha256[2:]]
    assert files[0].stat().st_mode & 0o777 == 0o444


def test_leftovers_are_swept_but_not_what_is_under_way(tmp_path: Path) -> None:
    """Opening removes a killed writer's file and leaves a living one's."""
    (tmp_path / "ab").mkdir()
    left, live = tmp_path / "ab" / ".part-left", tmp_path / "ab" / ".part-live"
    left.write_bytes(b"half")
    with live.open("wb") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        FolderVault(tmp_path)
        assert not left.exists()
        assert live.exists()
    FolderVault(tmp_path)
    assert not live.exists()


def put_for_ever(root: Path) -> None:
    """Put items until killed."""
    vault, number = FolderVault(root), 0
    while True:
        vault.put(b"%d" % number * 5000)
        number += 1


def test_killed_writers_leave_only_whole_items(tmp_path: Path) -> None:
    """However often writers are killed, every item is whole, and the next start leaves no other file."""
    for _ in range(8):
        writers = [multiprocessing.get_context("fork").Process(target=put_for_ever, args=(tmp_path,)) for _ in "ab"]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join(0.05)
            writer.kill()
            writer.join(10)
    FolderVault(tmp_path)
    assert count_whole(tmp_path) > 8


def test_a_full_disk_is_told_and_leaves_nothing_half_written(small_disk: Path) -> None:
    """On a full disk put raises StorageFull naming the place; earlier items stay, and after clearing it works again."""
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 600_000)
    vault = FolderVault(small_disk / "vault")
    kept = vault.put(b"k" * 100_000)
    with pytest.raises(StorageFull, match="vault"):
        vault.put(b"n" * 600_000)
    assert vault.get(kept)
    assert not list(small_disk.rglob(".part-*"))
    ballast.unlink()
    assert vault.get(vault.put(b"n" * 600_000))
    assert count_whole(small_disk / "vault") == 2


@pytest.mark.parametrize("place", ["a file", "below a file"])
def test_a_folder_that_cannot_be_is_bad_input(tmp_path: Path, place: str) -> None:
    """A path that is no folder is refused with its name and a remedy."""
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="file"):
        FolderVault(tmp_path / "file" if place == "a file" else tmp_path / "file" / "vault")
