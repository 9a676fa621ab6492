"""What a pilot asks of a flight from afar, and what is answered: shared by the machine, the desk and the spool."""

from __future__ import annotations

import math
import re
from dataclasses import astuple, dataclass, replace
from enum import StrEnum
from hashlib import sha256

SAFE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")  # it names a file


class Action(StrEnum):
    """What may be asked. The first four are about the lease alone."""

    ACQUIRE = "acquire"
    RENEW = "renew"
    HAND_OVER = "hand_over"
    REVOKE = "revoke"
    RELEASE = "release"
    PAUSE = "pause"
    RESUME = "resume"
    GO_TO = "go_to"
    LOOK_AT = "look_at"
    RETURN = "return"
    LAND = "land"


class Refusal(StrEnum):
    """Why not; the console has words for each."""

    BAD_REQUEST = "bad_request"
    ID_USED = "id_used"
    STALE = "stale"
    FLIGHT_SILENT = "flight_silent"
    FLIGHT_OVER = "flight_over"
    NOT_A_PILOT = "not_a_pilot"
    NOT_A_SUPERVISOR = "not_a_supervisor"
    HELD_BY_ANOTHER = "held_by_another"
    NO_LEASE = "no_lease"
    CONTROL_LOST = "control_lost"
    STATE_FORBIDS = "state_forbids"
    OUTSIDE_FENCE = "outside_fence"
    CROSSES_NO_FLY = "crosses_no_fly"
    TOO_HIGH = "too_high"
    TOO_LOW = "too_low"
    NO_POSITION = "no_position"
    OVERTAKEN = "overtaken"
    AIRCRAFT_REFUSED = "aircraft_refused"
    NO_ACK = "no_ack"


@dataclass(frozen=True, slots=True, kw_only=True)
class PilotRequest:
    """One command of one pilot.

    Attributes:
        command_id: chosen by the asker; the same request under the same id is done once.
        action: what is asked.
        pilot: who asks.
        key: what only that pilot's device knows; hashed before it is written anywhere.
        lat_deg: of the point to go to or look at.
        lon_deg: likewise.
        height_home_m: of the point, above home; to go to: the present height when None, to look at: the ground.
        to: the pilot to hand over to.
        sent_s: when it was taken in, UTC seconds.
    """

    command_id: str
    action: Action
    pilot: str
    key: str = ""
    lat_deg: float | None = None
    lon_deg: float | None = None
    height_home_m: float | None = None
    to: str = ""
    sent_s: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            ValueError: says which field and why.
        """
        object.__setattr__(self, "action", Action(self.action))
        if not SAFE_ID.fullmatch(self.command_id):
            raise ValueError("command_id: 1 to 64 letters, digits, - or _")
        if not self.pilot.strip():
            raise ValueError("pilot: must be named")
        numbers = [n for n in (self.lat_deg, self.lon_deg, self.height_home_m) if n is not None]
        if not all(map(math.isfinite, numbers)) or abs(self.lat_deg or 0) > 90 or abs(self.lon_deg or 0) > 180:
            raise ValueError("lat_deg, lon_deg, height_home_m: no such place")
        if self.action in {Action.GO_TO, Action.LOOK_AT} and None in {self.lat_deg, self.lon_deg}:
            raise ValueError("lat_deg, lon_deg: must be given")
        if self.action is Action.HAND_OVER and not self.to.strip():
            raise ValueError("to: the next pilot must be named")

    @property
    def digest(self) -> str:
        """What it asks, whenever it was sent."""
        return sha256(repr(astuple(replace(self, sent_s=0.0))).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a request.

    Attributes:
        command_id: of the request.
        action: of the request.
        pilot: of the request.
        digest: of the request.
        refusal: why it was not done; "" when it was.
        detail: the numbers or names behind the refusal, in no language.
        at_s: when, UTC seconds.
    """

    command_id: str
    action: str
    pilot: str
    digest: str
    refusal: str = ""
    detail: str = ""
    at_s: float = 0.0

    @classmethod
    def to_request(cls, request: PilotRequest, at_s: float, refusal: Refusal | None = None, detail: str = "") -> Answer:
        """Done, or refused for a reason."""
        about = {"command_id": request.command_id, "action": request.action.value, "pilot": request.pilot}
        said = {"refusal": refusal.value if refusal else "", "detail": detail}
        return cls(**about, **said, digest=request.digest, at_s=at_s)

    def again(self, request: PilotRequest) -> Answer:
        """The answer to a request under the same id: this one if it is the same request, else a refusal."""
        if request.digest == self.digest:
            return self
        return Answer.to_request(request, self.at_s, Refusal.ID_USED)
