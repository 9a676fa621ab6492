"""Weather over training pictures."""

from __future__ import annotations

import numpy as np

from detectors.reference.weather import under_weather


def test_most_pictures_stay_as_they_are_and_the_rest_keep_their_shape() -> None:
    """About one picture in seven is changed; none changes shape or type, and some get much darker."""
    picture = np.full((24, 32, 3), 120, np.uint8)
    drawn = [under_weather(picture, np.random.default_rng(seed)) for seed in range(300)]
    assert {(image.shape, image.dtype) for image in drawn} == {((24, 32, 3), np.dtype(np.uint8))}
    changed = [image for image in drawn if not np.array_equal(image, picture)]
    assert 20 <= len(changed) <= 70
    assert min(image.mean() for image in changed) < 70
    assert max(image.mean() for image in changed) > 130
