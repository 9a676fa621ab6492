"""The state machine, shown arbitrary telemetry."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flights.autopilot import VehicleState
from flights.flight_monitors import PatrolLimits, Route
from flights.patrol_machine import advance
from flights.patrol_states import OVER, TIMEOUT_S, Machine, Order, Outcome, PatrolState, Seen
from flights.samples import PositionSample

MODES = ("STABILIZE", "GUIDED", "AUTO", "RTL", "LAND", "LOITER", None)
ACTIONS = ("pause", "resume", "go_to", "look_at", "return", "land")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A wish."""

    action: str
    pilot: str = "Li Wei"
    lat_deg: float | None = 30.3198
    lon_deg: float | None = 120.1395
    height_home_m: float | None = None


@st.composite
def telemetry(draw: st.DrawFn) -> tuple[float, VehicleState, bool, Asked | None]:
    """How long since the last look, what is seen, whether an order succeeds, what a pilot wishes."""
    position = PositionSample(
        boot_s=0.0,
        lat_deg=30.3195 + draw(st.sampled_from([0.0, 0.0003, 0.003])),
        lon_deg=120.139 + draw(st.sampled_from([0.0, 0.0005])),
        alt_amsl_m=36.0,
        height_home_m=draw(st.sampled_from([0.0, 0.5, 29.5, 30.0, 60.0])),
        velocity_enu_m_s=(0.0, 0.0, 0.0),
    )
    vehicle = VehicleState(
        link_age_s=draw(st.sampled_from([0.1, 0.1, 0.1, 6.0])),
        mode=draw(st.sampled_from(MODES)),
        armed=draw(st.booleans()),
        armable=draw(st.booleans()),
        utc_s=draw(st.sampled_from([None, 1.77e9])),
        position=draw(st.sampled_from([None, position, position])),
        gps_fix=3,
        battery_share=draw(st.sampled_from([None, 0.05, 1.0, 1.0])),
        wind_m_s=draw(st.sampled_from([None, 1.0, 20.0])),
        wind_from_deg=0.0,
        mission_seq=draw(st.integers(0, 30)),
        satellites=draw(st.sampled_from([4, 14, 14])),
        ekf_ok=draw(st.sampled_from([False, True, True])),
        gps_glitch=draw(st.sampled_from([True, False, False])),
    )
    wish = draw(st.sampled_from([None, None, None, *(Asked(action=action) for action in ACTIONS)]))
    return draw(st.sampled_from([0.2, 1.0, 30.0, 400.0])), vehicle, draw(st.booleans()), wish


def run(
    route: Route, looks: list[tuple[float, VehicleState, bool, Asked | None]], start: Machine | None = None
) -> list[tuple[PatrolState, Order | None]]:
    """States before each look, with the order that the look led to."""
    machine, now, outcome = start or Machine(), 0.0, None
    path: list[tuple[PatrolState, Order | None]] = []
    for wait_s, vehicle, ok, wish in looks:
        now += wait_s
        seen = Seen(at_s=now, vehicle=vehicle, outcome=outcome, wish=wish)
        step = advance(machine, seen, route=route, limits=PatrolLimits())
        path.append((machine.state, step.order))
        machine = step.machine
        outcome = Outcome(order=step.order, ok=ok, reason="" if ok else "refused") if step.order else None
    return [*path, (machine.state, None)]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    looks=st.lists(telemetry(), max_size=25),
    start=st.sampled_from(
        [
            Machine(),
            Machine(state=PatrolState.ARMING, modes=frozenset({"GUIDED"})),
            Machine(state=PatrolState.ON_MISSION, modes=frozenset({"AUTO"}), settled=True),
            Machine(state=PatrolState.RETURNING, modes=frozenset({"RTL"}), settled=True),
        ]
    ),
)
def test_no_order_ever_follows_the_loss_of_control(
    route: Route, looks: list[tuple[float, VehicleState, bool, Asked | None]], start: Machine
) -> None:
    """Once over, by whatever way and from wherever, the machine stays there and orders nothing."""
    path = run(route, looks, start)
    ended = False
    for state, order in path:
        assert not (ended and state not in OVER)
        ended = ended or state in OVER
        assert not (ended and order)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(looks=st.lists(telemetry(), max_size=25))
def test_a_flight_starts_at_most_once_and_only_after_its_checks(
    route: Route, looks: list[tuple[float, VehicleState, bool, Asked | None]]
) -> None:
    """Upload, check, arm, take-off and mission come in this order, each at most once."""
    wanted = [Order.UPLOAD, Order.CHECK, Order.ARM, Order.TAKE_OFF, Order.START_MISSION]
    given_ = [order for _, order in run(route, looks) if order in wanted]
    assert given_ == wanted[: len(given_)]


@pytest.mark.parametrize("state", [s for s in PatrolState if s not in OVER])
def test_every_state_has_a_timeout(state: PatrolState, route: Route) -> None:
    """Nothing heard that would move it on, every state is left after its time."""
    armed = state not in {PatrolState.IDLE, PatrolState.UPLOADING, PatrolState.PREFLIGHT}
    modes = {PatrolState.ARMING: "GUIDED", PatrolState.TAKEOFF: "GUIDED", PatrolState.ON_MISSION: "AUTO"}
    mode = modes.get(state, "RTL")
    vehicle = VehicleState(link_age_s=0.1, mode=mode, armed=armed)
    expected = frozenset() if state in {PatrolState.DISARMING, PatrolState.ATTACHING} else frozenset({mode})
    machine = Machine(state=state, modes=expected, settled=True)
    late_s = TIMEOUT_S[state] + 3 * route.plan.duration_s
    step = advance(machine, Seen(at_s=late_s, vehicle=vehicle), route=route, limits=PatrolLimits())
    assert step.machine.since_s == late_s
    assert "longer than allowed" in step.note
