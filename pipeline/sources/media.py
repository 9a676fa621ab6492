"""Reading, cutting, recording and writing video. The only file that imports PyAV.

A stream is first recorded packet by packet and then looked at as a clip, so that what is sealed as the original
is what the camera sent.
"""

from __future__ import annotations

import io
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Self

import av
import av.error
import numpy as np

from pipeline.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.container import InputContainer, OutputContainer
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

# A clip whose packets end this much before its stated length is truncated. Source: half a GOP of the cameras seen.
TRUNCATION_TOLERANCE_S = 1.0
OPEN_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 3.0
# Codecs a browser plays from MP4; anything else is kept in Matroska, which holds every codec.
MP4_CODECS = frozenset({"h264", "hevc", "mpeg4", "av1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipFacts:
    """What a clip says of itself.

    Attributes:
        size_px: width, height.
        duration_s: from the first to the end of the last packet.
        rate_hz: average frame rate.
        codec: such as h264.
        created_s: creation time from its metadata, UTC, or None.
    """

    size_px: tuple[int, int]
    duration_s: float
    rate_hz: float
    codec: str
    created_s: float | None


def _open(path: Path) -> InputContainer:
    if not path.is_file():
        raise BadInput(path=str(path), field="file", fault="does not exist", remedy="Check the path")
    if path.stat().st_size == 0:
        raise BadInput(path=str(path), field="file", fault="is empty (0 bytes)", remedy="Copy the recording again")
    try:
        container = av.open(str(path), metadata_errors="replace")
    except (av.error.FFmpegError, OSError) as error:
        fault = f"is not a readable video ({type(error).__name__})"
        remedy = "Give a video file (MP4, MKV, AVI, MOV), copied whole: a cut-off MP4 cannot be opened"
        raise BadInput(path=str(path), field="container", fault=fault, remedy=remedy) from error
    if not container.streams.video:
        container.close()
        raise BadInput(
            path=str(path), field="streams", fault="holds no video", remedy="Give a file with a video stream"
        )
    return container


def _pts_s(pts: int | None, stream: VideoStream) -> float | None:
    if pts is None or stream.time_base is None:
        return None
    return float((pts - (stream.start_time or 0)) * stream.time_base)


def read_facts(path: Path) -> ClipFacts:
    """Open a clip, walk its packets once (no decoding) and check that none are missing at its end.

    Raises:
        BadInput: missing, empty, not a video, or truncated.
    """
    with _open(path) as container:
        stream = container.streams.video[0]
        stated_s = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
        rate_hz = float(stream.average_rate or 0) or 25.0
        end_s = _last_packet_end_s(path, container, stream, 1 / rate_hz)
        if stated_s - end_s > TRUNCATION_TOLERANCE_S or end_s <= 0:
            fault = f"is truncated: packets end at {end_s:.1f} s of {stated_s:.1f} s"
            raise BadInput(path=str(path), field="packets", fault=fault, remedy="Copy the recording again, whole")
        return ClipFacts(
            size_px=(stream.codec_context.width, stream.codec_context.height),
            duration_s=end_s,
            rate_hz=rate_hz,
            codec=stream.codec_context.name,
            created_s=_created_s(container),
        )


def _last_packet_end_s(path: Path, container: InputContainer, stream: VideoStream, step_s: float) -> float:
    end_s = 0.0
    try:
        for packet in container.demux(stream):
            at_s = _pts_s(packet.pts, stream)
            if packet.size and at_s is not None and not packet.is_corrupt:
                end_s = max(end_s, at_s + step_s)
    except av.error.FFmpegError as error:
        fault = f"cannot be read past {end_s:.1f} s ({type(error).__name__})"
        raise BadInput(path=str(path), field="packets", fault=fault, remedy="Copy the recording again") from error
    return end_s


def _created_s(container: InputContainer) -> float | None:
    text = container.metadata.get("creation_time")
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC).timestamp()
    except ValueError:
        return None


def read_frames(path: Path, *, look_hz: float) -> Iterator[tuple[int, float, NDArray[np.uint8]]]:
    """Decode a clip and yield about `look_hz` pictures a second.

    Yields:
        frame number in the clip, pts in seconds from its start, (h, w, 3) uint8 BGR.

    Raises:
        BadInput: missing, empty or not a video.
    """
    with _open(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        next_s = 0.0
        for number, frame in enumerate(_decodable(container, stream)):
            pts_s = _pts_s(frame.pts, stream)
            if pts_s is None or pts_s + 1e-6 < next_s:
                continue
            next_s = max(next_s + 1 / look_hz, pts_s)
            yield number, pts_s, np.asarray(frame.to_ndarray(format="bgr24"), dtype=np.uint8)


def _decodable(container: InputContainer, stream: VideoStream) -> Iterator[av.VideoFrame]:
    """Frames that decode; a broken packet is passed over, as players do."""
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            continue


def cut(path: Path, *, from_pts_s: float, until_pts_s: float) -> tuple[bytes, str]:
    """The clip's own packets from the keyframe at or before one time to another, remuxed, not re-encoded.

    Returns:
        the container's bytes and its media type.
    """
    sink = io.BytesIO()
    with _open(path) as container:
        stream = container.streams.video[0]
        is_mp4 = stream.codec_context.name in MP4_CODECS
        with av.open(sink, "w", format="mp4" if is_mp4 else "matroska") as output:
            _copy_packets(container, stream, output, from_pts_s, until_pts_s)
    return sink.getvalue(), "video/mp4" if is_mp4 else "video/x-matroska"


def _copy_packets(
    container: InputContainer, stream: VideoStream, output: OutputContainer, from_pts_s: float, until_pts_s: float
) -> None:
    copy = output.add_stream_from_template(stream)
    start = (stream.start_time or 0) + int(max(from_pts_s, 0.0) / (stream.time_base or Fraction(1, 1000)))
    container.seek(start, stream=stream, backward=True)
    first_dts: int | None = None
    for packet in container.demux(stream):
        if packet.dts is None or packet.pts is None:
            continue
        at_s = _pts_s(packet.pts, stream)
        if at_s is not None and at_s > until_pts_s and packet.is_keyframe:
            break
        first_dts = packet.dts if first_dts is None else first_dts
        packet.dts, packet.pts = packet.dts - first_dts, packet.pts - first_dts
        packet.stream = copy
        output.mux(packet)
        if at_s is not None and at_s > until_pts_s + TRUNCATION_TOLERANCE_S:
            break


class ClipWriter:
    """Encodes pictures to an H.264 MP4, one call a picture; a context manager.

    Args:
        path: the file to write.
        size_px: width, height, both even.
        rate_hz: pictures a second.
        start_s: UTC of the first picture, written as the clip's creation time (whole seconds).
    """

    def __init__(self, path: Path, *, size_px: tuple[int, int], rate_hz: int, start_s: float) -> None:
        created = datetime.fromtimestamp(start_s, UTC).isoformat()
        self._container = av.open(str(path), "w", format="mp4")
        self._container.metadata["creation_time"] = created
        self._stream = self._container.add_stream("libx264", rate=rate_hz)
        self._stream.width, self._stream.height = size_px
        self._stream.pix_fmt = "yuv420p"
        self._stream.options = {"crf": "20", "preset": "veryfast", "g": str(rate_hz * 2)}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._container.mux(self._stream.encode())
        self._container.close()

    def write(self, image_bgr: NDArray[np.uint8]) -> None:
        """Append one (h, w, 3) uint8 BGR picture."""
        self._container.mux(self._stream.encode(av.VideoFrame.from_ndarray(image_bgr, format="bgr24")))


def record_stream(url: str, path: Path, *, duration_s: float) -> float:
    """Copy a live stream's own packets into a clip.

    Args:
        url: such as rtsp://... ; never logged with its password.
        path: the Matroska file to write.
        duration_s: how long to record.

    Returns:
        UTC of the first packet's arrival.

    Raises:
        BadInput: the stream cannot be opened, stalls, or ends before its first picture.
    """
    shown = url.rsplit("@", 1)[-1]
    started_s: float | None = None
    try:
        with (
            av.open(url, timeout=(OPEN_TIMEOUT_S, READ_TIMEOUT_S), options={"rtsp_transport": "tcp"}) as container,
            av.open(str(path), "w", format="matroska") as output,
        ):
            started_s = _record(container, output, duration_s)
    except (av.error.FFmpegError, OSError) as error:
        fault = f"cannot be read ({type(error).__name__})"
        raise BadInput(path=shown, field="stream", fault=fault, remedy="Check the camera and its address") from error
    if started_s is None:
        raise BadInput(path=shown, field="stream", fault="sent no picture", remedy="Check the camera")
    return started_s


def _record(container: InputContainer, output: OutputContainer, duration_s: float) -> float | None:
    stream = container.streams.video[0]
    copy = output.add_stream_from_template(stream)
    first: int | None = None
    started_s: float | None = None
    for packet in container.demux(stream):
        if packet.dts is None or packet.pts is None or (first is None and not packet.is_keyframe):
            continue
        first = packet.dts if first is None else first
        started_s = time.time() if started_s is None else started_s
        if (packet.dts - first) * (stream.time_base or 0) >= duration_s or time.time() - started_s > 2 * duration_s:
            break
        packet.dts, packet.pts = packet.dts - first, packet.pts - first
        packet.stream = copy
        output.mux(packet)
    return started_s
