"""How many examples property tests draw: many times more in the long runs."""

import os

from hypothesis import settings

_FACTOR = int(os.environ.get("EXAMPLES_FACTOR") or 1)


def examples(count: int) -> int:
    """That many, times EXAMPLES_FACTOR (1 unless it is set)."""
    return count * _FACTOR


def load_profile() -> None:
    """For tests that name no number: hypothesis' own 100, times the factor."""
    # No deadline: what runs beside a test decides how long an example takes.
    settings.register_profile("suite", max_examples=examples(100), deadline=None)
    settings.load_profile("suite")
