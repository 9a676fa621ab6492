"""The evidence vault in a folder: an item is written once, under its own hash, and never changes.

Rule: an item appears under its name complete and flushed to the disk, or not at all.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import secrets
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from pipeline.errors import BadInput, NotFound, StorageFull, VaultCorrupt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAME = re.compile(r"[0-9a-f]{64}")
_PART = ".part-"
_READ_ONLY = 0o444


class FolderVault:
    """`Vault` on a local or network folder; many programs may share it.

    Items lie at `ab/cdef...`. A file being written is `.part-*` beside its place, locked by its writer, so that
    what a killed program left can be told from what is under way.

    Raises:
        BadInput: the folder cannot be made or read.
        StorageFull: no room even for the folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        with _file_errors(root):
            root.mkdir(parents=True, exist_ok=True)
            for part in root.glob(f"??/{_PART}*"):
                _remove_if_left_behind(part)

    def put(self, content: bytes) -> str:
        """Keep bytes under their sha256; see `Vault.put`.

        Raises:
            StorageFull: no room; nothing half-written stays.
            VaultCorrupt: other bytes already lie under that hash.
            BadInput: the folder cannot be written.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        place = self._place(sha256)
        with _file_errors(place):
            fresh = not place.exists()
            if fresh:
                self._write(place, content)
            # Also for an item already there: its writer may have been killed before this.
            _flush_folder(place.parent)
        if not fresh:
            self.get(sha256)
        return sha256

    def get(self, sha256: str) -> bytes:
        """The bytes kept under that hash, checked; see `Vault.get`.

        Raises:
            NotFound: nothing is kept under it.
            VaultCorrupt: the bytes no longer match.
            BadInput: the file cannot be read.
        """
        if not _NAME.fullmatch(sha256):
            raise NotFound(f"{sha256!r} is no sha256 in lower-case hex")
        place = self._place(sha256)
        with _file_errors(place):
            try:
                content = place.read_bytes()
            except FileNotFoundError:
                raise NotFound(f"{self._root}: no item {sha256}") from None
        if hashlib.sha256(content).hexdigest() != sha256:
            raise VaultCorrupt(f"{place}: the bytes do not have the hash they are filed under")
        return content

    def _place(self, sha256: str) -> Path:
        return self._root / sha256[:2] / sha256[2:]

    def _write(self, place: Path, content: bytes) -> None:
        if not place.parent.exists():
            place.parent.mkdir(exist_ok=True)
            _flush_folder(self._root)
        descriptor, part = _open_part(place.parent)
        try:
            with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor, not a path
                file.write(content)
                file.flush()
                os.fchmod(descriptor, _READ_ONLY)
                os.fsync(descriptor)
                # A link, unlike a rename, never replaces: whoever came first stays.
                with suppress(FileExistsError):
                    place.hardlink_to(part)
        finally:
            part.unlink(missing_ok=True)


def _open_part(folder: Path) -> tuple[int, Path]:
    """A new locked file; made again if another program swept it away before the lock was taken."""
    while True:
        part = folder / f"{_PART}{secrets.token_hex(8)}"
        descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_nlink:
                return descriptor, part
        os.close(descriptor)


def _remove_if_left_behind(part: Path) -> None:
    with suppress(FileNotFoundError, BlockingIOError), part.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        part.unlink(missing_ok=True)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _file_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StorageFull(str(path)) from error
        raise BadInput(
            path=str(path),
            field="vault",
            fault=error.strerror or str(error),
            remedy="Name a folder this account may write, on a file system with hard links",
        ) from error
