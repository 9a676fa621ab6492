"""What the run needs from around it; adapters are chosen in `flows.assembly`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geofences.pose import Pose
    from pipeline.domain.case import Case, CaseState, Decision
    from pipeline.domain.frame import Frame, SourceProfile
    from pipeline.domain.look import FrameFault, LookReport


class Vault(Protocol):
    """Write-once, content-addressed storage."""

    def put(self, content: bytes) -> str:
        """Keep bytes for ever under their sha256 (hex), which is returned; the same bytes twice are one item.

        Raises:
            StorageFull: no room; nothing half-written stays.
        """
        ...

    def get(self, sha256: str) -> bytes:
        """The bytes kept under that hash, checked.

        Raises:
            NotFound: nothing is kept under it.
            VaultCorrupt: the bytes no longer match.
        """
        ...


class FrameSource(Protocol):
    """One look's pictures and where they were taken from."""

    @property
    def profile(self) -> SourceProfile:
        """Who is looking."""
        ...

    @property
    def look_id(self) -> str:
        """Deterministic id of this stretch of this source."""
        ...

    @property
    def look_hz(self) -> float:
        """About how many pictures a second `frames` yields."""
        ...

    @property
    def left_out(self) -> tuple[FrameFault, ...]:
        """What of it could not be used, and why; filed with the look."""
        ...

    def frames(self) -> Iterator[Frame]:
        """Pictures in time order; the same ones each time it is called."""
        ...

    def burst(self, from_pts_s: float, until_pts_s: float, hz: float) -> Iterator[Frame]:
        """Pictures of one stretch more densely than `frames` gives them; none where the source has no more."""
        ...

    def pose_at(self, at_s: float) -> Pose:
        """Where the camera was.

        Raises:
            OutsideTrack: nothing is known for that time.
        """
        ...

    def original(self, from_pts_s: float, until_pts_s: float) -> tuple[bytes, str]:
        """The source's own bytes covering that stretch, and their media type."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledLook:
    """What filing a look did.

    Attributes:
        look_id: which.
        already_filed: True when it had been filed before; nothing was changed then.
        drafted: ids of new cases.
        extended: ids of cases that got another finding.
    """

    look_id: str
    already_filed: bool
    drafted: tuple[str, ...]
    extended: tuple[str, ...]


class CaseStore(Protocol):
    """Looks, cases, their logs and the outbox. Each call is one transaction."""

    def look_filed(self, look_id: str) -> bool:
        """Whether that look was filed already."""
        ...

    def file_look(self, report: LookReport, *, now_s: float) -> FiledLook:
        """File a look once: its drops, and each finding as a new case or another sight of an open one."""
        ...

    def case(self, case_id: str) -> Case:
        """One case.

        Raises:
            NotFound: no such case.
        """
        ...

    def cases(self, *, state: CaseState | None = None) -> tuple[Case, ...]:
        """Cases, newest sight first."""
        ...

    def decide(self, case_id: str, decision: Decision, *, version: int, now_s: float) -> Case:
        """Record an officer's decision made on that version of the case.

        Raises:
            NotFound: no such case.
            StaleCase: the case has moved on.
            IllegalTransition: not open from its state.
        """
        ...
