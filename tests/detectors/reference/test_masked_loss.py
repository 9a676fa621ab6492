"""The masked classification loss."""

from __future__ import annotations

import torch

from detectors.reference.quiet import silence_ultralytics
from detectors.reference.torchvision_shim import ensure_torchvision

silence_ultralytics()
ensure_torchvision()

from detectors.reference.masked_loss import MaskedCrossEntropy, anchor_mask  # noqa: E402 - ultralytics is silenced first


def test_a_coarse_cell_needs_all_its_fine_cells() -> None:
    """One unlooked fine cell masks its coarse cell, level by level, row by row."""
    looked_for = torch.ones(1, 2, 4, 4, dtype=torch.uint8)
    looked_for[0, 1, 0, 3] = 0
    mask = anchor_mask(looked_for, [torch.zeros(1, 8, 4, 4), torch.zeros(1, 8, 2, 2)])
    assert mask.shape == (1, 20, 2)
    assert mask[0, :, 0].all()
    assert torch.nonzero(mask[0, :, 1] == 0).flatten().tolist() == [3, 17]


def test_masked_classes_teach_nothing() -> None:
    """No loss and no gradient where a class was not looked for; the plain loss elsewhere."""
    logits = torch.zeros(1, 2, 3, requires_grad=True)
    loss = MaskedCrossEntropy()
    loss.mask = torch.tensor([[[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]]])
    value = loss(logits, torch.zeros(1, 2, 3))
    value.sum().backward()
    assert (value[0] > 0).tolist() == [[True, False, True], [False, False, False]]
    assert logits.grad is not None
    assert (logits.grad[0] != 0).tolist() == [[True, False, True], [False, False, False]]


def test_an_assigned_anchor_is_judged_for_every_class() -> None:
    """What is labelled as one class is verified not to be another."""
    loss = MaskedCrossEntropy()
    loss.mask = torch.zeros(1, 1, 2)
    assert (loss(torch.zeros(1, 1, 2), torch.tensor([[[0.7, 0.0]]])) > 0).all()


def test_without_a_mask_it_is_plain_cross_entropy() -> None:
    """Fully labelled pictures lose nothing."""
    logits, target = torch.randn(2, 3, 4), torch.rand(2, 3, 4)
    plain = torch.nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    torch.testing.assert_close(MaskedCrossEntropy()(logits, target), plain)
