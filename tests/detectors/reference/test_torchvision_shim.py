"""Box suppression for a torchvision whose operators do not load."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors import boxes
from detectors.reference.torchvision_shim import ensure_torchvision, suppress


def test_torchvision_can_suppress_afterwards() -> None:
    """`torchvision.ops.nms` works, and asking again changes nothing."""
    first = ensure_torchvision()
    assert ensure_torchvision() is first
    import torchvision  # noqa: PLC0415 - only after the shim

    kept = torchvision.ops.nms(
        torch.tensor([[0.0, 0, 10, 10], [1, 1, 10, 10], [20, 20, 30, 30]]), torch.tensor([0.5, 0.9, 0.3]), 0.5
    )
    assert kept.tolist() == [1, 2]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 25))
def test_it_agrees_with_our_own_suppression(seed: int, count: int) -> None:
    """An independent implementation in numpy keeps the same rows."""
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 30, (count, 2))
    xyxy = np.concatenate([corner, corner + rng.uniform(1, 30, (count, 2))], axis=1).astype(np.float32)
    score = rng.random(count).astype(np.float32)
    ours = boxes.suppress(xyxy, score, np.zeros(count, np.int64), iou_above=0.5)
    assert suppress(torch.from_numpy(xyxy), torch.from_numpy(score), 0.5).tolist() == ours.tolist()
