"""The words of the patrol machine: its states, its orders, what it is shown and what it remembers."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from flights.flight_monitors import Watch

if TYPE_CHECKING:
    from flights.autopilot import VehicleState
    from flights.plane import Point
    from flights.samples import PositionSample


class PatrolState(StrEnum):
    """Where a patrol is."""

    IDLE = "idle"
    UPLOADING = "uploading"
    PREFLIGHT = "preflight"
    ARMING = "arming"
    DISARMING = "disarming"
    TAKEOFF = "takeoff"
    ATTACHING = "attaching"
    ON_MISSION = "on_mission"
    HELD = "held"
    RETURNING = "returning"
    LANDED = "landed"
    ABORTED = "aborted"
    CONTROL_LOST = "control_lost"


class Order(StrEnum):
    """What the machine may ask of the loop."""

    ATTACH = "attach"
    UPLOAD = "upload"
    CHECK = "check"
    ARM = "arm"
    DISARM = "disarm"
    TAKE_OFF = "take_off"
    START_MISSION = "start_mission"
    HOLD = "hold"
    GO_TO = "go_to"
    LOOK_AT = "look_at"
    RESUME = "resume"
    RETURN = "return"
    LAND = "land"


GROUND = frozenset(
    {PatrolState.IDLE, PatrolState.UPLOADING, PatrolState.PREFLIGHT, PatrolState.ARMING, PatrolState.DISARMING}
)
OVER = frozenset({PatrolState.LANDED, PatrolState.ABORTED, PatrolState.CONTROL_LOST})
# Without an answer by then, the state is left: by giving up on the ground, by coming home in the air. The states in the
# air get the planned time on top. Source: flights design; a real upload of 700 items takes about a minute.
TIMEOUT_S = {
    PatrolState.IDLE: 90.0,
    PatrolState.UPLOADING: 180.0,
    PatrolState.PREFLIGHT: 60.0,
    PatrolState.ARMING: 30.0,
    PatrolState.DISARMING: 15.0,
    PatrolState.TAKEOFF: 60.0,
    PatrolState.ATTACHING: 120.0,
    PatrolState.ON_MISSION: 120.0,
    PatrolState.HELD: 600.0,
    PatrolState.RETURNING: 240.0,
    PatrolState.CONTROL_LOST: 900.0,
}
LINK_GONE_S = 120.0  # silent for so long after control was lost: there is nothing left to record


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A place in the air or on the ground.

    Attributes:
        point_m: east, north metres of home.
        height_m: above home.
    """

    point_m: Point
    height_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How the last order went.

    Attributes:
        order: which.
        ok: done and acknowledged.
        reason: why not.
        heard: the autopilot answered, if only by a no.
    """

    order: Order
    ok: bool
    reason: str = ""
    heard: bool = True


class Wish(Protocol):
    """What a pilot asks of the flight from afar."""

    @property
    def action(self) -> str:
        """One of "pause", "resume", "go_to", "look_at", "return", "land"."""

    @property
    def pilot(self) -> str:
        """Who asks."""

    @property
    def lat_deg(self) -> float | None:
        """Of the place to go to or look at."""

    @property
    def lon_deg(self) -> float | None:
        """Likewise."""

    @property
    def height_home_m(self) -> float | None:
        """Above home; None: the present height to go to, the ground to look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the machine is shown at one moment.

    Attributes:
        at_s: patrol clock; only differences matter.
        vehicle: newest state.
        outcome: of the order given in the step before, if any.
        last_capture_s: patrol clock of the last picture.
        wish: what a pilot asks, if anything.
    """

    at_s: float
    vehicle: VehicleState
    outcome: Outcome | None = None
    last_capture_s: float | None = None
    wish: Wish | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A plan that was left for a while.

    Attributes:
        left_at: where.
        waiting: a monitor holds it; it goes on by itself when all is well again.
        clear_since_s: since when all is well.
        resuming: on the way back to where it was left.
    """

    left_at: PositionSample
    waiting: bool = False
    clear_since_s: float = 0.0
    resuming: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The machine's memory.

    Attributes:
        state: where it is.
        since_s: when it came there, patrol clock.
        ordered_s: when the last order was given or answered.
        reason: why it left the planned course; empty on it.
        modes: flight modes that are right in this state; empty when any is.
        left: modes that may still be seen until the autopilot obeys.
        settled: one of `modes` was seen since.
        watch: the monitors' memory.
        held: while the plan is left for a while.
        way: points still to fly to, east, north metres of home.
        height_m: above home, on that way.
        doubt: a refusal that may be a lost answer.
        tries: refused ways home so far.
    """

    state: PatrolState = PatrolState.IDLE
    since_s: float = 0.0
    ordered_s: float = 0.0
    reason: str = ""
    modes: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()
    settled: bool = False
    watch: Watch = field(default_factory=Watch)
    held: Held | None = None
    way: tuple[Point, ...] = ()
    height_m: float = 0.0
    doubt: str = ""
    tries: int = 0

    def over(self, seen: Seen) -> bool:
        """Whether there is nothing more to watch."""
        if self.state is PatrolState.CONTROL_LOST:
            down = not seen.vehicle.armed and seen.vehicle.link_age_s < 3
            waited_s = seen.at_s - self.since_s
            gone = min(waited_s, seen.vehicle.link_age_s) > LINK_GONE_S
            return down or gone or waited_s > TIMEOUT_S[PatrolState.CONTROL_LOST]
        return self.state in OVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step's result.

    Attributes:
        machine: the new memory.
        order: what to do now, if anything.
        target: where to, for orders that have a place.
        note: worth recording, if anything.
        refusal: why a pilot's wish is not followed; empty when it is, or when there was none.
    """

    machine: Machine
    order: Order | None = None
    target: Target | None = None
    note: str = ""
    refusal: str = ""
