"""Which sealed files the console may show: derived pictures of some case, and nothing else in the vault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.domain.manifest import EvidenceItem, EvidenceRole
from pipeline.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.domain.case import Case
    from pipeline.ports import CaseStore

# Viewing an original is an event to be logged with a reason; until there is a log for it, originals are only listed.
# Source: field/law-and-codes.md, sections 1 (public video regulation) and 5.
SHOWN = frozenset({EvidenceRole.ANNOTATED, EvidenceRole.FRAME, EvidenceRole.MASKED})


class EvidenceIndex:
    """Items that may be shown, by hash; a case never loses an item, so what was learnt stays true."""

    def __init__(self, store: CaseStore) -> None:
        self._store = store
        self._items: dict[str, EvidenceItem] = {}

    def learn(self, cases: Iterable[Case]) -> None:
        """Take note of cases a page is about to show, so that their pictures are found without a search."""
        self._items |= {
            item.sha256: item
            for case in cases
            for finding in case.findings
            for item in finding.items
            if item.role in SHOWN
        }

    def item(self, sha256: str) -> EvidenceItem:
        """The item of that hash, if it may be shown.

        Raises:
            NotFound: no case has it, or it is not one of the `SHOWN` roles.
        """
        if sha256 not in self._items:
            self.learn(self._store.cases())
        if sha256 not in self._items:
            raise NotFound(f"no picture {sha256[:12]} to show")
        return self._items[sha256]
