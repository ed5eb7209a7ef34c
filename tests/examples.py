"""The number of examples that property tests draw: many times more in the long runs."""

import os

from hypothesis import settings

_FACTOR = int(os.environ.get("EXAMPLES_FACTOR") or 1)


def examples(count: int) -> int:
    """Return that many, times EXAMPLES_FACTOR (1 unless it is set)."""
    return count * _FACTOR


def load_profile() -> None:
    """Load the settings of tests that name no number: hypothesis' 100, times the factor."""
    # No deadline: how long an example takes depends on the tests that run beside it.
    settings.register_profile("suite", max_examples=examples(100), deadline=None)
    settings.load_profile("suite")
