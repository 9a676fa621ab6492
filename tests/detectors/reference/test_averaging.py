"""Averaging of weights."""

from __future__ import annotations

import torch

from detectors.reference.averaging import average


def test_floating_tensors_are_mixed_and_counters_kept() -> None:
    """A quarter of the way from the first to the second; integers are the second's."""
    first = {"w": torch.tensor([0.0, 4.0]), "n": torch.tensor(3)}
    second = {"w": torch.tensor([4.0, 0.0]), "n": torch.tensor(7)}
    mixed = average(first, second, 0.25)
    assert mixed["w"].tolist() == [1.0, 3.0]
    assert int(mixed["n"]) == 7
