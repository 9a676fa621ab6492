"""Clips are read, cut and written; what is broken is named."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

from pipeline.errors import BadInput
from pipeline.sources import media

if TYPE_CHECKING:
    from pathlib import Path

SIZE = (160, 120)
RATE_HZ = 10
SECONDS = 6


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds in which the grey level tells the frame number."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    with media.ClipWriter(path, size_px=SIZE, rate_hz=RATE_HZ, start_s=1_793_584_800.0) as writer:
        for number in range(SECONDS * RATE_HZ):
            writer.write(np.full((SIZE[1], SIZE[0], 3), 40 + 3 * number, dtype=np.uint8))
    return path


def test_facts_of_a_whole_clip(clip: Path) -> None:
    """Size, length, rate, codec and creation time are what was written."""
    facts = media.read_facts(clip)
    assert facts.size_px == SIZE
    assert facts.duration_s == pytest.approx(SECONDS, abs=0.15)
    assert facts.rate_hz == pytest.approx(RATE_HZ)
    assert facts.codec == "h264"
    assert facts.created_s == 1_793_584_800.0


def test_frames_are_thinned_to_the_look_rate(clip: Path) -> None:
    """Two looks a second over six seconds give twelve frames at the right times, showing the right pictures."""
    looked = list(media.read_frames(clip, look_hz=2.0))
    assert [pts_s for _, pts_s, _ in looked] == pytest.approx([i / 2 for i in range(12)], abs=0.06)
    for number, _, image in looked:
        assert float(image.mean()) == pytest.approx(40 + 3 * number, abs=4)


def test_frame_numbers_do_not_depend_on_the_look_rate(clip: Path) -> None:
    """A frame keeps its number whatever rate it is looked at, so a second reading finds the same one."""
    every = {number: pts_s for number, pts_s, _ in media.read_frames(clip, look_hz=100.0)}
    assert all(every[number] == pts_s for number, pts_s, _ in media.read_frames(clip, look_hz=3.0))


def test_cut_keeps_the_cameras_own_packets(clip: Path) -> None:
    """A cut is remuxed: each of its packets is byte for byte one of the original's, and the span is covered."""
    content, media_type = media.cut(clip, from_pts_s=2.5, until_pts_s=4.0)
    assert media_type == "video/mp4"
    with av.open(str(clip)) as whole, av.open(io.BytesIO(content)) as part:
        originals = {bytes(packet) for packet in whole.demux(video=0) if packet.size}
        cut = [packet for packet in part.demux(video=0) if packet.size]
        assert cut
        assert all(bytes(packet) in originals for packet in cut)
    with av.open(io.BytesIO(content)) as part:
        pictures = [frame.to_ndarray(format="bgr24").mean() for frame in part.decode(video=0)]
    assert min(pictures) <= 40 + 3 * 25
    assert max(pictures) >= 40 + 3 * 39


def _empty(path: Path, _whole: bytes) -> None:
    path.write_bytes(b"")


def _text(path: Path, _whole: bytes) -> None:
    path.write_text("this is no video\n" * 100)


def _half(path: Path, whole: bytes) -> None:
    path.write_bytes(whole[: len(whole) // 2])


@pytest.mark.parametrize(
    ("spoil", "said"), [(_empty, "empty"), (_text, "not a readable video"), (_half, "not a readable video")]
)
def test_broken_clips_are_named(clip: Path, tmp_path: Path, spoil: object, said: str) -> None:
    """An empty file, text called .mp4 and half a clip are refused with file, field and remedy."""
    path = tmp_path / "broken.mp4"
    spoil(path, clip.read_bytes())  # type: ignore[operator]
    with pytest.raises(BadInput) as refused:
        media.read_facts(path)
    assert said in refused.value.fault
    assert str(path) in str(refused.value)
    assert refused.value.remedy


def test_a_clip_cut_off_behind_its_index_is_truncated(clip: Path, tmp_path: Path) -> None:
    """With the index in front (as cameras stream it), a cut-off clip opens, but is still told from a whole one."""
    whole, path = tmp_path / "front.mp4", tmp_path / "cut.mp4"
    with av.open(str(clip)) as source, av.open(str(whole), "w", options={"movflags": "faststart"}) as sink:
        copy = sink.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = copy
                sink.mux(packet)
    content = whole.read_bytes()
    path.write_bytes(content[: len(content) * 6 // 10])
    with pytest.raises(BadInput, match=r"packets|truncated|cannot be read"):
        media.read_facts(path)


def test_a_missing_clip_is_named(tmp_path: Path) -> None:
    """A path that does not exist is said to."""
    with pytest.raises(BadInput, match="does not exist"):
        media.read_facts(tmp_path / "nothing.mp4")


def test_a_silent_stream_fails_in_seconds_and_keeps_its_secret(tmp_path: Path) -> None:
    """A stream nobody serves is an error, not a hang, and its password is not in the message."""
    with pytest.raises(BadInput, match="cannot be read") as refused:
        media.record_stream("rtsp://user:hidden@127.0.0.1:9/none", tmp_path / "none.mkv", duration_s=1)
    assert "hidden" not in str(refused.value)
