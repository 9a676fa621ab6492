"""Clips as cameras, phones and broken copies really leave them: each is read right or refused by name."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

from pipeline.errors import BadInput
from pipeline.sources import media

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SIZE = (160, 120)
RATE_HZ = 10
COUNT = 60


def encode(
    path: Path,
    codec: str,
    *,
    size_px: tuple[int, int] = SIZE,
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
    times: Sequence[int] = range(COUNT),
    form: str | None = None,
) -> Path:
    """Write a clip whose grey level tells each picture's tenth of a second."""
    with av.open(str(path), "w", format=form) as container:
        stream = container.add_stream(codec, rate=RATE_HZ, options=options or {})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = size_px
        stream.pix_fmt = pix_fmt
        for number in times:
            image = np.full((size_px[1], size_px[0], 3), 40 + 3 * number, dtype=np.uint8)
            image[: size_px[1] // 4] = 0
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def cut_greys(path: Path, from_s: float, until_s: float) -> list[float]:
    """Grey levels of a cut's pictures, decoded from its first packet on."""
    content, _ = media.cut(path, from_pts_s=from_s, until_pts_s=until_s)
    with av.open(io.BytesIO(content)) as part:
        return [float(frame.to_ndarray(format="bgr24")[-1, 0, 0]) for frame in part.decode(video=0)]


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("hevc.mkv", "libx265", {"x265-params": "log-level=none:bframes=3:keyint=20"}),
        ("hevc.mp4", "libx265", {"x265-params": "log-level=none:bframes=3:keyint=20"}),
        ("reordered.mkv", "libx264", {"bf": "3", "g": "20"}),
        ("no_index.ts", "libx264", {"bf": "0", "g": "20"}),
        ("still_pictures.avi", "mjpeg", {}),
    ],
)
def test_a_cut_covers_its_span_in_every_codec_and_container(
    tmp_path: Path, name: str, codec: str, options: dict[str, str]
) -> None:
    """A cut decodes from its first packet and covers the span, whether or not the container has times and an index."""
    path = encode(tmp_path / name, codec, options=options, pix_fmt="yuvj420p" if codec == "mjpeg" else "yuv420p")
    greys = cut_greys(path, 2.5, 4.0)
    assert min(greys) <= 40 + 3 * 25 + 2
    assert max(greys) >= 40 + 3 * 39 - 2
    assert len(greys) >= 15


def test_pictures_keep_their_times_at_a_variable_rate(tmp_path: Path) -> None:
    """Where a camera left pictures out, those that are there keep the time they were shown at."""
    there = [*range(10), *range(30, 40), *range(55, 60)]
    path = encode(tmp_path / "variable.mp4", "libx264", times=there)
    looked = list(media.read_frames(path, look_hz=100.0))
    assert [round(pts_s * 10) for _, pts_s, _ in looked] == there
    assert [float(image[-1, 0, 0]) for _, _, image in looked] == pytest.approx([40 + 3 * n for n in there], abs=8)


def test_a_turned_clip_is_looked_at_the_right_way_up(tmp_path: Path) -> None:
    """A phone held upright states a quarter turn: size and pictures are as players show them."""
    path = encode(tmp_path / "turned.mp4", "libx264")
    content = path.read_bytes()
    track = content.index(b"tkhd")
    level = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    quarter = struct.pack(">9I", 0, 0x10000, 0, 0xFFFF0000, 0, 0, SIZE[1] << 16, 0, 0x40000000)
    path.write_bytes(content[:track] + content[track:].replace(level, quarter, 1))
    assert media.read_facts(path).size_px == (SIZE[1], SIZE[0])
    _, _, image = next(media.read_frames(path, look_hz=1.0))
    assert image.shape == (SIZE[0], SIZE[1], 3)
    # Turned clockwise, the dark upper edge is the right one.
    assert float(image[:, -10:].mean()) + 20 < float(image[:, :10].mean())


def test_odd_sizes_are_read_as_they_are(tmp_path: Path) -> None:
    """Neither width nor height needs to be even."""
    path = encode(tmp_path / "odd.mp4", "libx264", size_px=(161, 119), pix_fmt="yuv444p")
    assert media.read_facts(path).size_px == (161, 119)
    assert next(media.read_frames(path, look_hz=1.0))[2].shape == (119, 161, 3)


def test_sound_in_front_changes_nothing(tmp_path: Path) -> None:
    """A clip whose first stream is sound gives its pictures all the same."""
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as container:
        sound = container.add_stream("aac", rate=8000)
        picture = container.add_stream("libx264", rate=RATE_HZ)
        assert isinstance(sound, av.AudioStream)
        assert isinstance(picture, av.VideoStream)
        picture.width, picture.height, picture.pix_fmt = *SIZE, "yuv420p"
        for number in range(RATE_HZ):
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 800), dtype=np.float32), format="fltp", layout="mono")
            silence.sample_rate, silence.pts = 8000, 800 * number
            container.mux(sound.encode(silence))
            container.mux(picture.encode(av.VideoFrame.from_ndarray(np.zeros((120, 160, 3), np.uint8), format="bgr24")))
        container.mux(sound.encode())
        container.mux(picture.encode())
    assert media.read_facts(path).duration_s == pytest.approx(1.0, abs=0.11)
    assert len(list(media.read_frames(path, look_hz=100.0))) == RATE_HZ


@pytest.mark.parametrize(("name", "codec"), [("cut.avi", "mpeg4"), ("cut.mkv", "libx264")])
def test_half_a_clip_that_still_opens_is_truncated(tmp_path: Path, name: str, codec: str) -> None:
    """AVI and Matroska open although half of them is missing; their headers tell."""
    path = encode(tmp_path / name, codec, options={"g": "5"})
    assert media.read_facts(path).duration_s == pytest.approx(6.0, abs=0.2)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(BadInput, match="truncated"):
        media.read_facts(path)


def test_a_stream_without_times_is_named_with_the_way_out(tmp_path: Path) -> None:
    """Bare H.264 states no times; the message says how to wrap it."""
    path = encode(tmp_path / "bare.h264", "libx264", form="h264")
    with pytest.raises(BadInput, match=r"state no times.*ffmpeg"):
        media.read_facts(path)


def test_a_codec_no_container_holds_is_named(tmp_path: Path) -> None:
    """What cannot be sealed as it is, is refused rather than encoded anew."""
    path = encode(tmp_path / "moving.gif", "gif", pix_fmt="rgb8")
    with pytest.raises(BadInput, match="gif cannot be cut without encoding it anew"):
        media.cut(path, from_pts_s=0.0, until_pts_s=1.0)


def test_packets_that_decode_to_nothing_are_no_video(tmp_path: Path) -> None:
    """A clip whose every packet is damaged is refused, not reported as an empty street."""
    path = encode(tmp_path / "noise.mkv", "libx264", options={"g": "5"})
    with av.open(str(path)) as container:
        payloads = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    content = path.read_bytes()
    for payload in payloads:
        content = content.replace(payload, b"\x00" * len(payload))
    path.write_bytes(content)
    with pytest.raises(BadInput, match="no picture that can be decoded"):
        media.read_facts(path)
