"""Reading, cutting, recording and writing video. The only file that imports PyAV.

A stream is first recorded packet by packet and then looked at as a clip, so that what is sealed as the original
is what the camera sent.
"""

from __future__ import annotations

import io
import re
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
    from collections.abc import Iterable, Iterator
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
    """Decode a clip's first picture, walk its packets once and check that none are missing at its end.

    Raises:
        BadInput: missing, empty, not a video, without times, or truncated.
    """
    first = _first_picture(path)
    turned = abs(first.rotation) % 180 == 90
    with _open(path) as container:
        stream = container.streams.video[0]
        stated_s = _stated_s(container, stream)
        rate_hz = float(stream.average_rate or 0) or 25.0
        end_s = _last_packet_end_s(path, container, stream, 1 / rate_hz)
        if end_s <= 0:
            remedy = f"Wrap it in a container: ffmpeg -i {path.name} -c copy {path.stem}.mp4"
            raise BadInput(path=str(path), field="packets", fault="state no times", remedy=remedy)
        if stated_s - end_s > TRUNCATION_TOLERANCE_S:
            fault = f"is truncated: packets end at {end_s:.1f} s of {stated_s:.1f} s"
            raise BadInput(path=str(path), field="packets", fault=fault, remedy="Copy the recording again, whole")
        return ClipFacts(
            size_px=(first.height, first.width) if turned else (first.width, first.height),
            duration_s=end_s,
            rate_hz=rate_hz,
            codec=stream.codec_context.name,
            created_s=_created_s(container),
        )


def _first_picture(path: Path) -> av.VideoFrame:
    with _open(path) as container:
        for frame in _decodable(container, container.streams.video[0]):
            return frame
    fault, remedy = "holds no picture that can be decoded", "Copy the recording again, whole"
    raise BadInput(path=str(path), field="packets", fault=fault, remedy=remedy)


def _stated_s(container: InputContainer, stream: VideoStream) -> float:
    """How long the clip says it is; 0 when it does not say.

    AVI is judged by its header, because FFmpeg guesses from the file's size; Matroska by its stream's tag, or by the
    whole where there is but one stream.
    """
    if container.format.name == "avi" and stream.average_rate:
        return float(stream.frames / stream.average_rate)
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    tag = re.fullmatch(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)", stream.metadata.get("DURATION", ""))
    if tag:
        return int(tag[1]) * 3600 + int(tag[2]) * 60 + float(tag[3])
    alone = len(container.streams) == 1
    return container.duration / av.time_base if alone and container.duration else 0.0


def _last_packet_end_s(path: Path, container: InputContainer, stream: VideoStream, step_s: float) -> float:
    end_s = 0.0
    try:
        for packet in container.demux(stream):
            at_s = _pts_s(packet.dts if packet.pts is None else packet.pts, stream)
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


def read_frames(
    path: Path, *, look_hz: float, from_pts_s: float = 0.0
) -> Iterator[tuple[int, float, NDArray[np.uint8]]]:
    """Decode a clip and yield about `look_hz` pictures a second from a time on, the right way up.

    Yields:
        frame number in the clip, pts in seconds from its start, (h, w, 3) uint8 BGR.

    Raises:
        BadInput: missing, empty or not a video.
    """
    with _open(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        next_s = from_pts_s
        for number, frame in enumerate(_decodable(container, stream)):
            pts_s = _pts_s(frame.pts, stream)
            if pts_s is None or pts_s + 1e-6 < next_s:
                continue
            next_s = max(next_s + 1 / look_hz, pts_s)
            yield number, pts_s, _upright(frame)


def _upright(frame: av.VideoFrame) -> NDArray[np.uint8]:
    """The picture as players show it: turned (counter-clockwise) by what the clip states."""
    image = np.asarray(frame.to_ndarray(format="bgr24"), dtype=np.uint8)
    return np.ascontiguousarray(np.rot90(image, round(frame.rotation / 90) % 4))


def _decodable(container: InputContainer, stream: VideoStream) -> Iterator[av.VideoFrame]:
    """Frames that decode; a broken packet is passed over, as players do."""
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.error.FFmpegError:
            continue


def cut(path: Path, *, from_pts_s: float, until_pts_s: float) -> tuple[bytes, str]:
    """The clip's own packets from the keyframe at or before one time to another, remuxed, not re-encoded.

    Returns:
        the container's bytes and its media type.

    Raises:
        BadInput: no container holds these packets as they are.
    """
    sink = io.BytesIO()
    with _open(path) as container:
        stream = container.streams.video[0]
        is_mp4 = stream.codec_context.name in MP4_CODECS
        try:
            with av.open(sink, "w", format="mp4" if is_mp4 else "matroska") as output:
                _copy_packets(container, stream, output, from_pts_s, until_pts_s)
        except (av.error.FFmpegError, ValueError) as error:
            fault = f"{stream.codec_context.name} cannot be cut without encoding it anew ({error})"
            remedy = "Keep the original elsewhere and give a copy in H.264: ffmpeg -i ORIGINAL -c:v libx264 COPY.mp4"
            raise BadInput(path=str(path), field="codec", fault=fault, remedy=remedy) from error
    return sink.getvalue(), "video/mp4" if is_mp4 else "video/x-matroska"


def _copy_packets(
    container: InputContainer, stream: VideoStream, output: OutputContainer, from_pts_s: float, until_pts_s: float
) -> None:
    copy = output.add_stream_from_template(stream)
    first_dts: int | None = None
    for packet, dts, pts in _timed(_from_keyframe(container, stream, from_pts_s)):
        at_s = _pts_s(pts, stream)
        if at_s is not None and at_s > until_pts_s and packet.is_keyframe:
            break
        first_dts = dts if first_dts is None else first_dts
        packet.dts, packet.pts = dts - first_dts, pts - first_dts
        packet.stream = copy
        output.mux(packet)
        if at_s is not None and at_s > until_pts_s + TRUNCATION_TOLERANCE_S:
            break


def _from_keyframe(
    container: InputContainer, stream: VideoStream, from_pts_s: float
) -> Iterator[av.Packet[VideoStream]]:
    """Packets from the last keyframe at or before a time."""
    begin = stream.start_time or 0
    start = begin + int(max(from_pts_s, 0.0) / (stream.time_base or Fraction(1, 1000)))
    container.seek(start, stream=stream, backward=True)
    packets = container.demux(stream)
    first = next(packets)
    if first.is_keyframe:
        yield first
        yield from packets
        return
    # A container without an index (MPEG-TS): from its beginning, holding one group of pictures at a time.
    container.seek(begin, stream=stream, backward=True, any_frame=True)
    held: list[av.Packet[VideoStream]] = []
    packets = container.demux(stream)
    for packet in packets:
        at_s = _pts_s(packet.pts, stream) or 0.0
        if packet.is_keyframe and at_s <= from_pts_s:
            held.clear()
        held.append(packet)
        if at_s > from_pts_s:
            break
    yield from held
    yield from packets


# A decoder holds back at most this many pictures. Source: H.264 and H.265, max_num_reorder_frames.
REORDERED_PICTURES = 16


def _timed(packets: Iterable[av.Packet[VideoStream]]) -> Iterator[tuple[av.Packet[VideoStream], int, int]]:
    """Packets with decoding and showing times; those without either are passed over.

    After a seek, Matroska gives its first packets no decoding time although a keyframe is among them: they get
    increasing ones from before any real one could be.
    """
    last_dts: int | None = None
    for packet in packets:
        pts = packet.dts if packet.pts is None else packet.pts
        if pts is None or not packet.size:
            continue
        earliest = pts - REORDERED_PICTURES * (packet.duration or 1) if last_dts is None else last_dts + 1
        last_dts = earliest if packet.dts is None else packet.dts
        yield packet, last_dts, pts


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
    """Copy a live stream's own packets into a clip, which appears only when it is whole.

    Args:
        url: such as rtsp://... ; never logged with its password.
        path: the Matroska file to write.
        duration_s: how long to record.

    Returns:
        UTC of the first packet's arrival.

    Raises:
        BadInput: the stream cannot be opened, stalls, or ends too early.
    """
    part = path.with_suffix(".part")
    try:
        started_s, length_s = _record(url, part, duration_s)
        if duration_s - length_s > TRUNCATION_TOLERANCE_S:
            fault = f"ended after {length_s:.1f} s of {duration_s:.1f} s"
            raise BadInput(path=_shown(url), field="stream", fault=fault, remedy="Check the camera")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return started_s


def _shown(url: str) -> str:
    return url.rsplit("@", 1)[-1]


def _record(url: str, part: Path, duration_s: float) -> tuple[float, float]:
    """When the first packet came, UTC, and how many seconds were recorded."""
    try:
        with (
            av.open(url, timeout=(OPEN_TIMEOUT_S, READ_TIMEOUT_S), options={"rtsp_transport": "tcp"}) as container,
            av.open(str(part), "w", format="matroska") as output,
        ):
            if not container.streams.video:
                fault, remedy = "holds no video", "Check the camera's address"
                raise BadInput(path=_shown(url), field="stream", fault=fault, remedy=remedy)
            return _copy_live(container, output, duration_s)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        fault = f"cannot be read ({type(error).__name__})"
        remedy = "Check the camera and its address"
        raise BadInput(path=_shown(url), field="stream", fault=fault, remedy=remedy) from error


def _copy_live(container: InputContainer, output: OutputContainer, duration_s: float) -> tuple[float, float]:
    """From the first keyframe on. A camera whose clock stands still is left after twice the time."""
    stream = container.streams.video[0]
    copy = output.add_stream_from_template(stream)
    first: int | None = None
    started_s, length_s = time.time(), 0.0
    for packet, dts, pts in _timed(container.demux(stream)):
        if time.time() - started_s > 2 * duration_s + READ_TIMEOUT_S:
            break
        if first is None and not packet.is_keyframe:
            continue
        if first is None:
            first, started_s = dts, time.time()
        length_s = float((dts - first) * (stream.time_base or 0))
        if length_s >= duration_s:
            break
        packet.dts, packet.pts = dts - first, pts - first
        packet.stream = copy
        output.mux(packet)
    return started_s, length_s
