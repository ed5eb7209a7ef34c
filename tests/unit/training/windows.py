"""Made-up windows of prices: of the right shape, each different, with days in order."""

import numpy as np

from training.data.prices import STEPS, Windows


def samples(count: int, seed: int = 3) -> Windows:
    """Return bars a day apart, of a share that moves by about 2 % a day."""
    random = np.random.default_rng(seed)
    inputs = random.uniform(90, 110, (count, STEPS, 5)).astype(np.float32)
    inputs[:, :, 4] *= 1e5
    days = np.datetime64("2001-01-01") + np.arange(count)
    targets = random.normal(1, 0.02, (count, 1)).astype(np.float32)
    return Windows(inputs, targets, np.full(count, "X"), days - STEPS, days, days + 1)
