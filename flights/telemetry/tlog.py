"""Telemetry logs of a ground station (.tlog): MAVLink packets as they passed the link, each behind the station's clock.

Only the autopilot's own word on position, attitude and time counts. A gimbal or camera of the same aircraft may tell of
itself, by the moment at which it was heard; everybody else on the link is left out, and counted.
"""

from __future__ import annotations

import re
import struct
from collections import Counter
from typing import TYPE_CHECKING, Any

from flights.errors import TelemetryError
from flights.mavlink_decode import sample_of
from flights.samples import EARLIEST_UNIX_S, CaptureSample, ClockSample, GimbalSample
from flights.telemetry.log import STATION_CLOCK, TelemetryFault
from flights.telemetry.merge import merge_samples

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from flights.samples import Sample
    from flights.telemetry.log import TelemetryLog

# Source: MAVLink common.xml and ardupilotmega.xml, message ids.
HEARTBEAT = 0
LENS = {285: "GIMBAL_DEVICE_ATTITUDE_STATUS", 265: "MOUNT_ORIENTATION", 158: "MOUNT_STATUS"}  # the best first
WANTED = frozenset({30, 33, 2, 180, *LENS})  # ATTITUDE, GLOBAL_POSITION_INT, SYSTEM_TIME, CAMERA_FEEDBACK
AUTOPILOT_INVALID = 8  # MAV_AUTOPILOT_INVALID: a ground station, camera, gimbal or radio
STAMP_BYTES = 8
_MAGIC = re.compile(rb"[\xfd\xfe]")  # MAVLink 2 and 1
REMEDY = "Give the .tlog as the ground station wrote it, of a flight with a satellite fix."
Packet = tuple[int, float, Any]


def is_tlog(content: bytes) -> bool:
    """Whether these bytes begin as a .tlog does: a time stamp after 2010, and a packet."""
    stamped = len(content) > STAMP_BYTES and content[STAMP_BYTES] in b"\xfd\xfe"
    return stamped and EARLIEST_UNIX_S < _station_s(content, 0) < 4 * EARLIEST_UNIX_S


def parse_tlog(content: bytes, *, source: str) -> TelemetryLog:
    """Read a telemetry log; a row's number is its packet's.

    Args:
        content: the file's bytes.
        source: its name, for messages.

    Raises:
        TelemetryError: no autopilot is heard, or none of its positions can be given a time and an attitude.
    """
    pilots = Counter(
        (message.get_srcSystem(), message.get_srcComponent())
        for _, _, message in _packets(content, {HEARTBEAT}, [])
        if message.autopilot != AUTOPILOT_INVALID
    )
    if not pilots:
        fault = "no autopilot's heartbeat is in it"
        raise TelemetryError(path=source, row=None, field="HEARTBEAT", fault=fault, remedy=REMEDY)
    (pilot, _), *_ = pilots.most_common(1)
    faults: list[TelemetryFault] = []
    reading = _Reading(pilot)
    for packet in _packets(content, WANTED, faults):
        reading.take(*packet)
    samples, assumptions = reading.result()
    return merge_samples(samples, source=source, kind="tlog", faults=faults, assumptions=assumptions).usable(
        remedy=REMEDY
    )


class _Reading:
    """Sorts messages by who sent them."""

    def __init__(self, pilot: tuple[int, int]) -> None:
        self._pilot = pilot
        self._boot_s: float | None = None
        self._samples: list[tuple[int, Sample]] = []
        self._stations: list[tuple[int, Sample]] = []
        self._lenses: dict[tuple[bool, int], list[tuple[int, Sample]]] = {}
        self._others = 0

    def take(self, number: int, station_s: float, message: Any) -> None:  # noqa: ANN401 - pymavlink has no types
        system, own = message.get_srcSystem(), (message.get_srcSystem(), message.get_srcComponent()) == self._pilot
        stamped = own and hasattr(message, "time_boot_ms")
        sample = sample_of(message, self._boot_s or 0.0, own_clock=own)
        if sample is None or system != self._pilot[0] or not (own or isinstance(sample, GimbalSample | CaptureSample)):
            self._others += 1
            return
        if stamped:
            self._boot_s = sample.boot_s
            self._stations.append((number, ClockSample(boot_s=sample.boot_s, unix_s=station_s)))
        if isinstance(sample, GimbalSample):
            if self._boot_s is not None:
                rank = list(LENS.values()).index(message.get_type())
                self._lenses.setdefault((not own, rank), []).append((number, sample))
        else:
            self._samples.append((number, sample))

    def result(self) -> tuple[list[tuple[int, Sample]], list[str]]:
        """The samples with the best of the lens's attitudes, in order, and what was taken for granted."""
        samples, said = self._samples, []
        if self._lenses:
            samples = samples + self._lenses[min(self._lenses)]
        if not any(isinstance(sample, ClockSample) and sample.unix_s >= EARLIEST_UNIX_S for _, sample in samples):
            samples, said = samples + self._stations, [STATION_CLOCK]
        if self._others:
            said.append(f"{self._others} messages of others on the link than system {self._pilot[0]} are left out")
        return sorted(samples, key=lambda numbered: numbered[0]), said


def _packets(content: bytes, wanted: Collection[int], faults: list[TelemetryFault]) -> Iterator[Packet]:
    """Number, station's time and message of the wanted packets; each stretch that is no packet becomes one fault."""
    from pymavlink.dialects.v20 import ardupilotmega as mavlink  # noqa: PLC0415 - a tenth of a second, rarely needed

    link = mavlink.MAVLink(None)
    number, at, lost = 1, 0, 0
    while at < len(content):
        size, message_id = _size(content, at)
        message = None
        if size and message_id in wanted:
            try:
                message = link.decode(bytearray(content[at + STAMP_BYTES : at + size]))
            except mavlink.MAVError:
                size = 0
        if not size:
            magic = _MAGIC.search(content, at + STAMP_BYTES + 1)
            onward = magic.start() - STAMP_BYTES if magic else len(content)
            lost, at = lost + onward - at, onward
            continue
        if lost:
            faults.append(_lost(number, lost))
            lost, number = 0, number + 1
        if message is not None:
            yield number, _station_s(content, at), message
        number, at = number + 1, at + size
    if lost:
        faults.append(_lost(number, lost))


def _lost(number: int, count: int) -> TelemetryFault:
    return TelemetryFault(row=number, field="packet", reason=f"{count} bytes are no packet: damaged or cut off")


def _size(content: bytes, at: int) -> tuple[int, int]:
    """Bytes from one stamp to the next, and the message id; 0 where no whole packet followed by another begins.

    Source: MAVLink serialization guide: 6 bytes before the payload in version 1, 10 in version 2; 2 bytes of checksum;
    13 of signature when the first flag is set.
    """
    head = content[at + STAMP_BYTES : at + STAMP_BYTES + 10]
    if len(head) < 10 or head[0] not in b"\xfd\xfe":
        return 0, -1
    if head[0] == 0xFE:
        size, message_id = STAMP_BYTES + 6 + head[1] + 2, head[5]
    else:
        size = STAMP_BYTES + 10 + head[1] + 2 + (13 if head[2] & 1 else 0)
        message_id = int.from_bytes(head[7:10], "little")
    follows = content[at + size + STAMP_BYTES : at + size + STAMP_BYTES + 1]
    whole = at + size <= len(content) and (message_id in WANTED or follows in (b"", b"\xfd", b"\xfe"))
    return (size, message_id) if whole else (0, -1)


def _station_s(content: bytes, at: int) -> float:
    (stamp_us,) = struct.unpack_from(">Q", content, at)
    return float(stamp_us) / 1e6
